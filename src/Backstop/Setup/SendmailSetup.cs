using System.Globalization;

namespace Backstop.Setup;

/// <summary>Adds a milter to sendmail.mc, between two marks, and removes it.</summary>
internal sealed class SendmailSetup(string folder)
{
    private const string Begin = "dnl # Backstop begins: backstop setup sendmail --undo takes this out";
    private const string End = "dnl # Backstop ends";

    public string File => Path.Combine(folder, "sendmail.mc");

    /// <summary>The lines to add before the MAILER lines.</summary>
    public static IReadOnlyList<string> Lines =>
    [
        Begin,
        string.Create(
            CultureInfo.InvariantCulture,
            $"INPUT_MAIL_FILTER(`backstop', `S=inet:{SetupPorts.Milter}@127.0.0.1, F=T, T=C:30s;S:30s;R:30s;E:5m')dnl"),
        End,
    ];

    /// <summary>Whether the lines are in the file.</summary>
    public bool IsThere => System.IO.File.Exists(File) && System.IO.File.ReadAllText(File).Contains(Begin, StringComparison.Ordinal);

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

    private List<string> Read() =>
        System.IO.File.Exists(File)
            ? [.. System.IO.File.ReadAllLines(File)]
            : throw new CommandException(ExitCode.NoInput, $"{File}: no such file; name its folder with --config-dir");
}
