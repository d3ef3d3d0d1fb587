namespace Backstop.Deliver;

/// <summary>The command line of a delivery agent: the options of procmail(1).</summary>
internal sealed class AgentArguments
{
    private AgentArguments()
    {
    }

    /// <summary>-v: print the version.</summary>
    public bool WantsVersion { get; private set; }

    /// <summary>-h or --help: print the help.</summary>
    public bool WantsHelp { get; private set; }

    /// <summary>--strict-procmail: do as procmail does, even where it loses mail.</summary>
    public bool IsStrict { get; private set; }

    /// <summary>-p: the caller's environment is kept.</summary>
    public bool KeepsEnvironment { get; private set; }

    /// <summary>-t: failures are temporary.</summary>
    public bool SoftFails { get; private set; }

    /// <summary>-f: the sender for the "From " line; "-" replaces its date only; null leaves it.</summary>
    public string? Sender { get; private set; }

    /// <summary>-Y: ignore Content-Length.</summary>
    public bool IgnoresContentLength { get; private set; }

    /// <summary>-a: the arguments <c>$1</c>, <c>$2</c> and so on.</summary>
    public List<string> Arguments { get; } = [];

    /// <summary>-d: the users to deliver to.</summary>
    public List<string> Users { get; } = [];

    /// <summary>-m: the rcfile decides everything.</summary>
    public bool IsGeneralFilter { get; private set; }

    /// <summary>Assignments, NAME=value, in the order given.</summary>
    public List<(string Name, string Value)> Assignments { get; } = [];

    /// <summary>The rcfiles named on the command line.</summary>
    public List<string> RcFiles { get; } = [];

    /// <summary>Unknown options: reported, then ignored.</summary>
    public string Unknown { get; private set; } = "";

    /// <summary>Why delivery cannot start; null if it can.</summary>
    public string? Error { get; private set; }

    public static AgentArguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new AgentArguments();
        var rest = new Queue<string>(args);
        while (rest.TryDequeue(out var arg))
        {
            if (arg.StartsWith("--", StringComparison.Ordinal) && arg.Length > 2)
            {
                parsed.ReadLong(arg);
            }
            else if (arg.Length > 1 && arg[0] == '-')
            {
                parsed.ReadLetters(arg, rest);
            }
            else
            {
                parsed.ReadWord(arg, rest);
            }
        }

        if (parsed.IsGeneralFilter && parsed.RcFiles.Count == 0)
        {
            parsed.Error = "-m needs an rcfile: name one behind it";
        }
        else if (parsed.Users.Count > 0 && parsed.KeepsEnvironment)
        {
            parsed.Error = "-d and -p cannot be combined: a delivery for another user must not use the caller's environment; leave out -p";
        }

        return parsed;
    }

    private void ReadLong(string arg)
    {
        switch (arg)
        {
            case "--strict-procmail":
                IsStrict = true;
                break;
            case "--help":
                WantsHelp = true;
                break;
            case "--version":
                WantsVersion = true;
                break;
            default:
                Unknown += arg;
                break;
        }
    }

    private void ReadLetters(string arg, Queue<string> rest)
    {
        for (var i = 1; i < arg.Length; i++)
        {
            var behind = arg[(i + 1)..];
            switch (arg[i])
            {
                case 'v':
                    WantsVersion = true;
                    break;
                case 'h':
                    WantsHelp = true;
                    break;
                case 'p':
                    KeepsEnvironment = true;
                    break;
                case 't':
                    SoftFails = true;
                    break;
                case 'Y' or 'y':
                    IgnoresContentLength = arg[i] == 'Y';
                    break;
                case 'o':
                    break;
                case 'f' or 'r':
                    Sender = ValueOf(behind, rest);
                    return;
                case 'a':
                    Arguments.Add(ValueOf(behind, rest));
                    return;
                case 'd':
                    Users.AddRange(behind.Length > 0 ? [behind, .. rest] : rest);
                    rest.Clear();
                    return;
                case 'm':
                    IsGeneralFilter = true;
                    break;
                default:
                    Unknown += arg[i];
                    break;
            }
        }
    }

    // With -m what follows the rcfile is the rcfile's own.
    private void ReadWord(string arg, Queue<string> rest)
    {
        var equals = arg.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && IsName(arg.AsSpan(0, equals)))
        {
            Assignments.Add((arg[..equals], arg[(equals + 1)..]));
            return;
        }

        RcFiles.Add(arg);
        if (IsGeneralFilter)
        {
            Arguments.AddRange(rest);
            rest.Clear();
        }
    }

    private static string ValueOf(string behind, Queue<string> rest) =>
        behind.Length > 0 ? behind : rest.TryDequeue(out var next) ? next : "";

    private static bool IsName(ReadOnlySpan<char> text) =>
        (char.IsAsciiLetter(text[0]) || text[0] == '_') && !text.ContainsAnyExcept(_nameChars);

    private static readonly System.Buffers.SearchValues<char> _nameChars =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}
