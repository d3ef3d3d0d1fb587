namespace Backstop.SpamRules.Mime;

/// <summary>
/// A message taken apart as SpamAssassin's Message.pm does it. What is wrong with its form is kept as flags, because there are rules
/// about it.
/// </summary>
internal sealed class SpamMessage : MimeNode
{
    /// <summary>The <c>From </c> line of an mbox in front of the message, or null.</summary>
    public string? MboxSeparator { get; set; }

    public string LineEnding { get; set; } = "\n";

    /// <summary>The header block as it came, with the empty line behind it.</summary>
    public string PristineHeaders { get; set; } = "";

    public string PristineBody { get; set; } = "";

    public string Pristine => PristineHeaders + PristineBody;

    public HashSet<string> Flags { get; } = new(StringComparer.Ordinal);

    /// <summary>How often each boundary was opened and not closed.</summary>
    public Dictionary<string, int> OpenBoundaries { get; } = new(StringComparer.Ordinal);

    public static SpamMessage Parse(string octets) => MessageParser.Parse(octets, MessageParser.MaxDepth);

    /// <summary>Fields of that name as they came, folds included, from the untouched header block; for rewriting.</summary>
    public IEnumerable<string> PristineFields(string name)
    {
        var start = 0;
        while (start < PristineHeaders.Length)
        {
            var end = EndOfField(start);
            var colon = PristineHeaders.IndexOf(':', start, end - start);
            if (colon >= 0 && PristineHeaders.AsSpan(start, colon - start).TrimEnd(" \t").Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                yield return PristineHeaders[(colon + 1)..end].TrimStart(' ', '\t');
            }

            start = end;
        }
    }

    /// <summary>All fields decoded, in their order, each <c>Name: body\n</c>; at most 64 KiB.</summary>
    public string AllHeaders() => AllHeadersOf(this, raw: false);

    public static string AllHeadersOf(MimeNode node, bool raw)
    {
        const int maxTotal = 65536;
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var all = new System.Text.StringBuilder();
        foreach (var name in node.HeaderOrder)
        {
            var key = name.ToLowerInvariant();
            var index = seen.GetValueOrDefault(key);
            seen[key] = index + 1;
            var values = raw ? node.RawHeaders(key) : node.Headers(key);
            if (index >= values.Count)
            {
                continue;
            }

            if (all.Length + name.Length + values[index].Length + 2 > maxTotal)
            {
                break;
            }

            all.Append(name).Append(": ").Append(values[index]);
            if (!raw)
            {
                all.Append('\n');
            }
        }

        return all.ToString();
    }

    private int EndOfField(int start)
    {
        var end = start;
        do
        {
            var line = PristineHeaders.IndexOf('\n', end);
            end = line < 0 ? PristineHeaders.Length : line + 1;
        }
        while (end < PristineHeaders.Length && PristineHeaders[end] is ' ' or '\t');
        return end;
    }
}
