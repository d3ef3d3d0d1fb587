using System.Globalization;
using System.Text.RegularExpressions;

namespace Backstop.Setup;

/// <summary>Adds a milter to sendmail.mc, between two marks, and removes it.</summary>
internal sealed partial class SendmailSetup(string folder)
{
    private const string Begin = "dnl # Backstop begins: backstop setup sendmail --undo takes this out";
    private const string End = "dnl # Backstop ends";
    private static readonly string[] _domainFiles = ["local-host-names", "relay-domains"];
    private static readonly string[] _submissionPorts = ["submission", "submissions", "smtps", "587", "465"];

    public string File => Path.Combine(folder, "sendmail.mc");

    /// <summary>
    /// The lines to add before the MAILER lines. Without a flag F=T or F=R mail goes on when Backstop does not answer.
    /// </summary>
    public static IReadOnlyList<string> Lines =>
    [
        Begin,
        string.Create(
            CultureInfo.InvariantCulture,
            $"INPUT_MAIL_FILTER(`backstop', `S=inet:{SetupPorts.Milter}@127.0.0.1, T=C:30s;S:30s;R:30s;E:5m')dnl"),
        End,
    ];

    /// <summary>Whether the lines are in the file.</summary>
    public bool IsThere => System.IO.File.Exists(File) && System.IO.File.ReadAllText(File).Contains(Begin, StringComparison.Ordinal);

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

    /// <summary>Adds the lines, and keeps a copy of the old file.</summary>
    public void Apply()
    {
        var lines = Read();
        System.IO.File.Copy(File, File + ".before-backstop", overwrite: true);
        var mailer = lines.FindIndex(l =>
            l.StartsWith("MAILER(", StringComparison.Ordinal) || l.StartsWith("MAILER_DEFINITIONS", StringComparison.Ordinal));
        lines.InsertRange(mailer < 0 ? lines.Count : mailer, Lines);
        System.IO.File.WriteAllLines(File, lines);
    }

    /// <summary>Removes the lines.</summary>
    public void Undo()
    {
        var lines = Read();
        var (begin, end) = (lines.IndexOf(Begin), lines.IndexOf(End));
        if (begin >= 0 && end > begin)
        {
            lines.RemoveRange(begin, end - begin + 1);
            System.IO.File.WriteAllLines(File, lines);
        }
    }

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
