using System.Globalization;
using System.Text;

namespace Backstop.Manual;

/// <summary>Writes a manual page in roff with the man macros. Text is escaped; every call begins a line of its own.</summary>
internal sealed class Roff
{
    private readonly StringBuilder _page = new();

    /// <summary>Begins a page.</summary>
    /// <param name="name">Its name, such as <c>backstop-queue</c>.</param>
    /// <param name="section">Its section: 1 programs, 5 files, 7 the rest.</param>
    /// <param name="summary">What it is about, in one line.</param>
    public Roff(string name, int section, string summary)
    {
        // mandoc and man-db want a date or nothing; one of the build would make two builds differ.
        _page.Append(CultureInfo.InvariantCulture, $".TH {name.ToUpperInvariant()} {section} \"\" \"Backstop\" \"Backstop manual\"\n");
        Heading("NAME");
        Text($"{name} \\- ", summary);
    }

    public Roff Heading(string title) => Line($".SH \"{Escape(title).Replace("\"", "\\(dq", StringComparison.Ordinal)}\"");

    /// <summary>Adds a paragraph.</summary>
    public Roff Paragraph(string text) => Line(".PP").Text("", text);

    /// <summary>Adds an entry of a list: a term in bold, what it takes in italics, and what it means.</summary>
    public Roff Entry(string term, string takes, string meaning) =>
        Line(".TP").Line($"\\fB{Escape(term)}\\fR{(takes.Length == 0 ? "" : $" \\fI{Escape(takes)}\\fR")}").Text("", meaning);

    /// <summary>Adds lines that are shown as they are, such as commands.</summary>
    public Roff Literal(IEnumerable<string> lines)
    {
        Line(".PP").Line(".nf").Line(".RS 4");
        foreach (var line in lines)
        {
            Text("", line);
        }

        return Line(".RE").Line(".fi");
    }

    /// <summary>Adds a line with a bold beginning.</summary>
    public Roff Usage(string bold, string rest) => Line(".PP").Line($"\\fB{Escape(bold)}\\fR {Escape(rest)}".TrimEnd());

    public override string ToString() => _page.ToString();

    private Roff Text(string start, string text)
    {
        // A line that begins with a dot or an apostrophe would be a macro.
        var escaped = Escape(text);
        return Line(start + (start.Length == 0 && escaped.Length > 0 && escaped[0] is '.' or '\'' ? "\\&" + escaped : escaped));
    }

    private Roff Line(string line)
    {
        _page.Append(line).Append('\n');
        return this;
    }

    private static string Escape(string text) => text
        .Replace("\\", "\\e", StringComparison.Ordinal)
        .Replace("-", "\\-", StringComparison.Ordinal)
        .Replace("^", "\\(ha", StringComparison.Ordinal)
        .Replace("`", "\\(ga", StringComparison.Ordinal)
        .Replace("~", "\\(ti", StringComparison.Ordinal)
        .Replace("'", "\\(aq", StringComparison.Ordinal);
}
