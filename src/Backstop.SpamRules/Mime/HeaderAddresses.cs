using System.Buffers;
using System.Text;
using Backstop.SpamRules.Text;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Mime;

/// <summary>An address of a header field. Either part may be missing.</summary>
internal readonly record struct HeaderAddress(string? Address, string? Phrase);

/// <summary>
/// The addresses of a field's raw body, as leniently as SpamAssassin reads them (Util.pm, _parse_header_addresses). At most 1,000. The
/// time is linear in the length of the body, whatever it holds.
/// </summary>
internal static class HeaderAddresses
{
    private const int MaxAddresses = 1000;

    private static readonly SearchValues<char> _notInGroupName = SearchValues.Create("\"()<>");

    public static List<HeaderAddress> Parse(string raw)
    {
        var text = PerlSpace.TrimEnd(raw).Replace("\\\\", "", StringComparison.Ordinal);
        text = StripGroup(text);
        var addresses = new List<HeaderAddress>();
        if (PerlSpace.IsBlank(text))
        {
            return addresses;
        }

        var scanner = new AddressScanner(text);
        while (scanner.Position < text.Length && addresses.Count < MaxAddresses && scanner.TryRead(out var parts))
        {
            addresses.Add(Interpret(text, parts));
        }

        AddAngled(text[scanner.Position..], addresses);
        return addresses;
    }

    /// <summary>Reduces a group, such as <c>Friends: a@b, c@d;</c>, to its members.</summary>
    private static string StripGroup(string text)
    {
        // Perl's greedy class takes the last colon before any quote, comment or angle.
        var stop = text.AsSpan().IndexOfAny(_notInGroupName);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || (stop >= 0 && colon > stop))
        {
            return text;
        }

        var last = text.LastIndexOf(':', (stop < 0 ? text.Length : stop) - 1);
        return PerlSpace.TrimStart(text[(last + 1)..]);
    }

    /// <summary>If a text is not a list of addresses, adds only those that stand in angles.</summary>
    private static void AddAngled(string text, List<HeaderAddress> addresses)
    {
        if (!text.Contains('@', StringComparison.Ordinal))
        {
            return;
        }

        var scanner = new AddressScanner(text);
        var open = 0;
        while (addresses.Count < MaxAddresses && text.IndexOf('<', open) is var angle and >= 0)
        {
            open = angle + 1;
            var end = scanner.ReadMailbox(open);
            if (end == open || end >= text.Length || text[end] != '>')
            {
                continue;
            }

            if (text[open..end] is var address && IsUsable(address))
            {
                addresses.Add(new HeaderAddress(UpToSecondAt(address), null));
            }

            open = end;
        }
    }

    private static HeaderAddress Interpret(string text, AddressParts parts)
    {
        var phrase = parts.Phrase is { } words ? text[words] : null;
        var address = parts.Bare is { } bare ? text[bare] : null;
        if (parts.Angled is { } angled)
        {
            address = WithoutComments(text[angled]);
            address = IsMailbox(address) ? address : null;
        }

        address = address is not null && IsUsable(address) ? address : null;
        if (phrase is not null)
        {
            phrase = Unquote(phrase);
            if (address is null && IsBareAddress(phrase))
            {
                (address, phrase) = (phrase, null);
            }
            else if (phrase.Length == 0 || phrase == address)
            {
                phrase = null;
            }
        }

        phrase ??= parts.Comment is { } comment ? text[comment] : null;
        return new HeaderAddress(address is null ? null : UpToSecondAt(address), phrase);
    }

    private static bool IsBareAddress(string phrase) =>
        IsMailbox(phrase) && IsUsable(phrase) && phrase.IndexOf('@', StringComparison.Ordinal) is var at and >= 0
        && RegistryBoundaries.IsFullyQualified(RegistryBoundaries.ToAscii(phrase[(at + 1)..].Split('@')[0]));

    // Perl's $ stands before a last line end too.
    private static bool IsMailbox(string text)
    {
        var end = new AddressScanner(text).ReadMailbox(0);
        return end > 0 && (end == text.Length || (end == text.Length - 1 && text[end] == '\n'));
    }

    private static string Unquote(string phrase)
    {
        var text = new StringBuilder(phrase.Length);
        var scanner = new AddressScanner(phrase);
        for (var at = 0; at < phrase.Length;)
        {
            if (phrase[at] == '"')
            {
                var quoted = scanner.ReadQuoted(at);
                text.Append(quoted > at ? phrase[(at + 1)..(quoted - 1)].Replace("\\", "", StringComparison.Ordinal) : "");
                at = Math.Max(quoted, at + 1);
                continue;
            }

            var end = phrase.IndexOf('"', at) is var quote and >= 0 ? quote : phrase.Length;
            text.Append(WithoutComments(phrase[at..end]));
            at = end;
        }

        return text.ToString();
    }

    private static string WithoutComments(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
        {
            return text;
        }

        var kept = new StringBuilder(text.Length);
        var scanner = new AddressScanner(text);
        var done = 0;
        for (; open >= 0; open = text.IndexOf('(', open))
        {
            var close = scanner.ReadComment(open);
            if (close == open)
            {
                open++;
                continue;
            }

            kept.Append(text, done, open - done);
            done = open = close;
        }

        return kept.Append(text, done, text.Length - done).ToString();
    }

    private static string UpToSecondAt(string address)
    {
        var first = address.IndexOf('@', StringComparison.Ordinal);
        var second = first < 0 ? -1 : address.IndexOf('@', first + 1);
        return second < 0 ? address : address[..second];
    }

    private static bool IsUsable(string address) =>
        !address.StartsWith("\"\"@", StringComparison.Ordinal) && address.AsSpan().Count('"') != 1;
}
