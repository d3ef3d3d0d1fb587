using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Backstop.Setup;

/// <summary>Adds a milter to sendmail.mc, between two marks, and removes it.</summary>
/// <param name="folder">The folder with sendmail.mc.</param>
/// <param name="milter">The address and port at which Sendmail asks Backstop.</param>
internal sealed partial class SendmailSetup(string folder, IPEndPoint milter)
{
    private const string Begin = "dnl # Backstop begins: backstop setup sendmail --undo takes this out";
    private const string End = "dnl # Backstop ends";
    private static readonly string[] _domainFiles = ["local-host-names", "relay-domains"];
    private static readonly string[] _submissionPorts = ["submission", "submissions", "smtps", "587", "465"];

    public string File => Path.Combine(folder, "sendmail.mc");

    /// <summary>
    /// The lines to add before the MAILER lines. Without a flag F=T or F=R mail goes on when Backstop does not answer.
    /// </summary>
    public IReadOnlyList<string> Lines { get; } =
    [
        Begin,
        string.Create(
            CultureInfo.InvariantCulture,
            $"INPUT_MAIL_FILTER(`backstop', `S={Family(milter)}:{milter.Port}@{milter.Address}, T=C:30s;S:30s;R:30s;E:5m')dnl"),
        End,
    ];

    /// <summary>Whether the lines are in the file, for the place where Backstop is asked now.</summary>
    public bool IsThere => System.IO.File.Exists(File) && BlockIn(Read()) is (var at and >= 0, var count)
        && Read().GetRange(at, count).SequenceEqual(Lines);

    /// <summary>The domains in local-host-names and relay-domains; those that a table names are not read.</summary>
    public IReadOnlyList<string> Domains() =>
        [.. _domainFiles.Select(n => Path.Combine(folder, n)).Where(System.IO.File.Exists)
            .SelectMany(System.IO.File.ReadAllLines).Select(l => l.Split('#')[0].Trim())
            .Where(d => d.Contains('.', StringComparison.Ordinal) && !d.StartsWith("localhost", StringComparison.OrdinalIgnoreCase)
                && Mail.MailAddress.IsDomain(d)).Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>
    /// The names of listeners for users only, where the command sendmail and mail programs hand mail in: those at a submission port,
    /// and MSA, which Sendmail opens by itself.
    /// </summary>
    public IReadOnlyList<string> Daemons()
    {
        var text = System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File) : "";
        var names = DaemonOptions().Matches(text).Select(m => m.Groups["options"].Value.Split(',', StringSplitOptions.TrimEntries))
            .Where(o => _submissionPorts.Contains(Value(o, "Port"), StringComparer.OrdinalIgnoreCase)).Select(o => Value(o, "Name"));
        var msa = NoMsa().IsMatch(text) ? Enumerable.Empty<string>() : ["MSA"];
        return [.. names.Concat(msa).Where(n => n.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase).Except(["ORIGINATING"])];
    }

    /// <summary>Adds the lines, in the place of older ones of ours, and keeps a copy of the file as it was without any.</summary>
    public void Apply()
    {
        var lines = Read();
        if (BlockIn(lines) is (var at and >= 0, var count))
        {
            lines.RemoveRange(at, count);
        }
        else
        {
            System.IO.File.Copy(File, File + ".before-backstop", overwrite: true);
        }

        var mailer = lines.FindIndex(l =>
            l.StartsWith("MAILER(", StringComparison.Ordinal) || l.StartsWith("MAILER_DEFINITIONS", StringComparison.Ordinal));
        lines.InsertRange(mailer < 0 ? lines.Count : mailer, Lines);
        System.IO.File.WriteAllLines(File, lines);
    }

    /// <summary>Removes the lines.</summary>
    public void Undo()
    {
        var lines = Read();
        if (BlockIn(lines) is (var at and >= 0, var count))
        {
            lines.RemoveRange(at, count);
            System.IO.File.WriteAllLines(File, lines);
        }
    }

    // Where our lines begin, and how many they are; -1 where there are none.
    private static (int At, int Count) BlockIn(List<string> lines)
    {
        var (begin, end) = (lines.IndexOf(Begin), lines.IndexOf(End));
        return begin >= 0 && end > begin ? (begin, end - begin + 1) : (-1, 0);
    }

    private static string Family(IPEndPoint place) => place.AddressFamily == AddressFamily.InterNetworkV6 ? "inet6" : "inet";

    private static string Value(string[] options, string key) =>
        options.FirstOrDefault(o => o.StartsWith(key + "=", StringComparison.OrdinalIgnoreCase)) is { } found
            ? found[(key.Length + 1)..]
            : "";

    private List<string> Read() =>
        System.IO.File.Exists(File)
            ? [.. System.IO.File.ReadAllLines(File)]
            : throw new CommandException(ExitCode.NoInput, $"{File}: no such file; name its folder with --config-dir");

    [GeneratedRegex("(?m)^[ \t]*DAEMON_OPTIONS\\(`(?<options>[^'\n]*)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DaemonOptions();

    [GeneratedRegex("(?m)^[ \t]*FEATURE\\(`no_default_msa'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NoMsa();
}
