using System.Text.RegularExpressions;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Patterns;

/// <summary>Addresses in running text. The patterns are case-insensitive in themselves and hold no group.</summary>
internal static class IpPatterns
{
    public const string V4 =
        "(?:1\\d\\d|2[0-4]\\d|25[0-5]|[1-9]\\d|\\d)\\.(?:1\\d\\d|2[0-4]\\d|25[0-5]|[1-9]\\d|\\d)\\.(?:1\\d\\d|2[0-4]\\d|25[0-5]|[1-9"
            + "]\\d|\\d)\\.(?:1\\d\\d|2[0-4]\\d|25[0-5]|[1-9]\\d|\\d)";

    private const string H = "[a-f0-9]{1,4}";

    /// <summary>RFC 4291 §2.2, all three forms.</summary>
    private const string V6 =
        "(?:(?:(?:" + H + ":){6}|::(?:" + H + ":){0,5}|(?:" + H + ":){1,5}:|" + H + "::(?:" + H + ":){1,4}|(?:" + H + ":){2}:(?:"
            + H + ":){1,3}"
        + "|(?:" + H + ":){3}:(?:" + H + ":){1,2}|(?:" + H + ":){4}:" + H + ":)" + V4
        + "|(?:" + H + ":){7}" + H + "|:(?::" + H + "){1,7}|(?:" + H + ":){1,7}:|" + H + ":(?::" + H + "){1,6}|(?:" + H
        + ":){2}(?::" + H + "){1,5}"
        + "|(?:" + H + ":){3}(?::" + H + "){1,4}|(?:" + H + ":){4}(?::" + H + "){1,3}|(?:" + H + ":){5}(?::" + H + "){1,2}|(?:"
        + H + ":){6}:" + H + "|::)";

    /// <summary>An address that what stands around it delimits: brackets, blanks, line ends.</summary>
    public const string Any = "(?i:\\b" + V4 + "\\b|(?:IPv6:)?" + V6 + ")";

    /// <summary>As <see cref="Any"/>, of the newer kind.</summary>
    public const string AnyV6 = "(?i:(?:IPv6:)?" + V6 + ")";

    public const string Localhost = "(?i:localhost(?:\\.localdomain)?|\\b127\\.0\\.0\\.1\\b|(?:IPv6:)?(?:(?:0{1,"
        + "4}:){5}ffff:127\\.0\\.0\\.1|::(?:0{1,4}:){0,4}ffff:127\\.0\\.0\\.1|(?:0{1,4}:){7}0{0,3}1|:(?::0{1,4}){0,6}:0{0,3}1))";

    // In free text the octets around an address are matched too: without look-around the expression need not backtrack.
    private const string NoMore = "(?:[^a-f0-9:]|\\z)";

    private static readonly PerlRegex _free = new(
        "(?i:(?:^|[^:])\\b(?<ip>" + V4 + ")\\b|(?:^|[^a-f0-9:])(?<ip>" + V6 + ")" + NoMore + "|(?<ip>IPv6:" + V6 + ")" + NoMore + ")");

    private static readonly PerlRegex _isAny = new("^" + Any + "$");
    private static readonly PerlRegex _isV4 = new("^\\b" + V4 + "\\b$");
    private static readonly PerlRegex _private = new(
        "^(?:(?:(?:(?:IPv6:)?::ffff:)?(?:10|127|169\\.254|172\\.(?:1[6-9]|2[0-9]|3[01])|192\\.168|100\\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]"
            + "|12[0-7]))\\..*)"
        + "|(?:IPv6:)?(?:fe[89ab][0-9a-f]:.*|(?:0{1,4}:){7}0{0,3}1|:(?::0{1,4}){0,6}:0{0,3}1)$)", RegexOptions.IgnoreCase);

    /// <summary>Every address in running text.</summary>
    public static IEnumerable<Capture> Find(string text) => _free.Matches(text).Select(m => m.Groups["ip"]);

    /// <summary>The first address in running text that no dot or word continues; null for none.</summary>
    public static string? FindAlone(string text) =>
        Find(text).FirstOrDefault(ip => IsAlone(text, ip.Index, -1) && IsAlone(text, ip.Index + ip.Length, 0))?.Value;

    public static bool IsAddress(string text) => _isAny.IsMatch(text);

    public static bool IsV4(string text) => _isV4.IsMatch(text);

    private static bool IsAlone(string text, int edge, int beside) =>
        PerlText.IsBoundary(text, edge) && !(edge + beside >= 0 && edge + beside < text.Length && text[edge + beside] == '.');

    /// <summary>Private, local or link-local: never the outside world.</summary>
    public static bool IsPrivate(string text) => _private.IsMatch(text);
}
