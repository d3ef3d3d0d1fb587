using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Text;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Mime;

/// <summary>An address of a header field. Either part may be missing.</summary>
internal readonly record struct HeaderAddress(string? Address, string? Phrase);

/// <summary>The addresses of a field's raw body, as leniently as SpamAssassin reads them (Util.pm, _parse_header_addresses). At most 1,000.</summary>
internal static class HeaderAddresses
{
    private const int MaxAddresses = 1000;
    private const string Quoted = "\"(?:|(?>(?:(?>[^\"\\\\]+)|\\\\.)*))\"";
    private const string Mailbox = "(?:(?:" + Quoted + "|[^@\\s<>()\\[\\],:;]+)@(?:[^\"\\s<>()\\[\\],:;]+|\\[[\\d:.]+\\]))";
    private const string Words = "(?:" + Quoted + "|(?>[^\",;<]+))+";

    private static readonly SearchValues<char> _notInGroupName = SearchValues.Create("\"()<>");
    private static readonly PerlRegex _address = new(
        "\\G\\s*(?:(?:(" + Words + ")\\s*)?<\\s*([^>@]*\\S+|\\s*)\\s*>(?:\\s*<\\s*(?:(?:" + Quoted + ")?\\S+|\\s*)\\s*>)*"
        + "|(?:(" + Mailbox + ")|(" + Words + ")))(?:\\s*\\(((?:|(?>(?:(?>[^()\\\\]+)|\\\\.)*)))\\))?\\s*(?:[,;]|\\z)",
        RegexOptions.IgnoreCase | RegexOptions.Singleline);

    private static readonly PerlRegex _comment = new("\\((?:|(?>(?:(?>[^()\\\\]+)|\\\\.)*))\\)", RegexOptions.Singleline);
    private static readonly PerlRegex _mailbox = new("^" + Mailbox + "$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _angled = new("<(" + Mailbox + ")>", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _phraseParts = new("\"(|(?>(?:(?>[^\"\\\\]+)|\\\\.)*))\"|((?>[^\"]+))", RegexOptions.Singleline);
    private static readonly PerlRegex _firstTwo = new("^([^@]*@[^@]*).*", RegexOptions.Singleline);

    public static List<HeaderAddress> Parse(string raw)
    {
        var text = PerlSpace.TrimEnd(raw).Replace("\\\\", "", StringComparison.Ordinal);
        text = StripGroup(text);
        var addresses = new List<HeaderAddress>();
        if (PerlSpace.IsBlank(text))
        {
            return addresses;
        }

        var at = 0;
        while (at < text.Length && addresses.Count < MaxAddresses && _address.Match(text, at) is { Success: true, Length: > 0 } match)
        {
            at = match.Index + match.Length;
            addresses.Add(Interpret(match));
        }

        if (text.IndexOf('@', at) >= 0)
        {
            addresses.AddRange(_angled.Matches(text[at..]).Take(MaxAddresses).Select(m => m.Groups[1].Value).Where(IsUsable)
                .Select(a => new HeaderAddress(_firstTwo.Replace(a, "$1"), null)));
        }

        return addresses;
    }

    /// <summary><c>Friends: a@b, c@d;</c> is its members.</summary>
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

    private static HeaderAddress Interpret(Match match)
    {
        string? Group(int i) => match.Groups[i].Success ? match.Groups[i].Value : null;
        var phrase = Group(1) ?? Group(4);
        var address = Group(2) ?? Group(3);
        var comment = Group(5);
        if (match.Groups[2].Success)
        {
            address = _comment.Replace(address!, "");
            address = _mailbox.IsMatch(address) ? address : null;
        }

        address = IsUsable(address) ? address : null;
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

        return new HeaderAddress(address is null ? null : _firstTwo.Replace(address, "$1"), phrase ?? comment);
    }

    private static bool IsBareAddress(string phrase) =>
        _mailbox.IsMatch(phrase) && IsUsable(phrase) && phrase.IndexOf('@', StringComparison.Ordinal) is var at and >= 0
        && RegistryBoundaries.IsFullyQualified(RegistryBoundaries.ToAscii(phrase[(at + 1)..].Split('@')[0]));

    private static string Unquote(string phrase)
    {
        var text = new StringBuilder(phrase.Length);
        foreach (var part in _phraseParts.Matches(phrase))
        {
            text.Append(part.Groups[2].Success ? _comment.Replace(part.Groups[2].Value, "") : part.Groups[1].Value.Replace("\\", "", StringComparison.Ordinal));
        }

        return text.ToString();
    }

    private static bool IsUsable(string? address) =>
        address is not null && !address.StartsWith("\"\"@", StringComparison.Ordinal) && address.Count(c => c == '"') != 1;
}
