using System.Text;

namespace Backstop.SpamRules.Html;

/// <summary>A link of an HTML text: in which tags it stands, and the text of its anchors.</summary>
internal sealed class HtmlLink
{
    public HashSet<string> Types { get; } = new(StringComparer.Ordinal);

    public List<StringBuilder> AnchorTexts { get; } = [];
}

/// <summary>What the rules ask of an HTML part. Names are SpamAssassin's, because rules use them.</summary>
internal sealed class HtmlResults
{
    /// <summary>Tests that hit, as <c>html_message</c> rules name them.</summary>
    public HashSet<string> Flags { get; } = new(StringComparer.Ordinal) { "html" };

    public Dictionary<string, double> Numbers { get; } = new(StringComparer.Ordinal);

    /// <summary>Depth of each tag at the end; present when it was seen.</summary>
    public Dictionary<string, int> Inside { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, HtmlLink> Links { get; } = new(StringComparer.Ordinal);

    public List<string> Comments { get; } = [];

    public List<string> Scripts { get; } = [];

    public List<StringBuilder> Titles { get; } = [];

    public List<StringBuilder> Anchors { get; } = [];

    public string? Charsets { get; set; }

    public bool UriTruncated { get; set; }

    /// <summary>The texts a rule names: comment, script, title or anchor; none for another name.</summary>
    public IEnumerable<string> Texts(string name) => name switch
    {
        "comment" => Comments,
        "script" => Scripts,
        "title" => Titles.Select(t => t.ToString()),
        "anchor" => Anchors.Select(a => a.ToString()),
        _ => [],
    };

    public void SetLengths(string rendered, int octets)
    {
        var spaces = rendered.Count(char.IsWhiteSpace);
        Numbers["html_length"] = rendered.Length;
        Numbers["non_space_len"] = rendered.Length - spaces;
        Numbers["ratio"] = (octets - rendered.Length) / (double)octets;
    }
}
