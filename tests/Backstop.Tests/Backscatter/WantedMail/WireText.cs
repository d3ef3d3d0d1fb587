using System.Text;

namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>A charset and a transfer encoding, as one mail uses them in its subject and in its text.</summary>
/// <param name="Charset">Its name.</param>
/// <param name="Transfer">base64, quoted-printable, 8bit or 7bit.</param>
internal sealed record WireText(string Charset, string Transfer)
{
    // What people's programs and old systems use beside UTF-8.
    private static readonly Dictionary<string, string[]> _charsets = new(StringComparer.Ordinal)
    {
        ["ru"] = ["windows-1251", "koi8-r"],
        ["uk"] = ["windows-1251", "koi8-u"],
        ["ja"] = ["iso-2022-jp", "shift_jis"],
        ["zh"] = ["gb2312", "gb18030"],
        ["ko"] = ["euc-kr"],
        ["pl"] = ["iso-8859-2", "windows-1250"],
        ["cs"] = ["iso-8859-2", "windows-1250"],
        ["hu"] = ["iso-8859-2"],
        ["tr"] = ["iso-8859-9"],
        ["el"] = ["iso-8859-7"],
        ["ar"] = ["windows-1256"],
        ["he"] = ["windows-1255"],
    };

    private static readonly string[] _latin = ["iso-8859-1", "windows-1252", "iso-8859-15"];

    /// <summary>
    /// Chooses what a sender of that language might use for a text. UTF-8 two times of three, and where nothing else holds the
    /// text.
    /// </summary>
    public static WireText Choose(string language, string text, Random random)
    {
        var charsets = _charsets.GetValueOrDefault(language) ?? _latin;
        var charset = random.Next(3) > 0 ? "utf-8" : charsets[random.Next(charsets.Length)];
        if (Encode(text, charset) is not { } octets || Encoding(charset).GetString(octets) != text)
        {
            charset = "utf-8";
        }

        string[] transfers = charset == "iso-2022-jp" ? ["7bit", "base64"] : ["base64", "quoted-printable", "8bit"];
        return new(charset, transfers[random.Next(transfers.Length)]);
    }

    /// <summary>A text as octets of the body, one char an octet.</summary>
    public string Body(string text)
    {
        var octets = Encode(text, Charset)!;
        return Transfer switch
        {
            "base64" => Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks)
                .Replace("\r\n", "\n", StringComparison.Ordinal)
                + "\n",
            "quoted-printable" => Quoted(octets),
            _ => Latin(octets),
        };
    }

    /// <summary>A text in a field of the header. RFC 2047 §2: words of at most 75 octets, a line each.</summary>
    public string Field(string text)
    {
        if (text.All(char.IsAscii))
        {
            return text;
        }

        var words = new List<string>();
        var word = "";
        foreach (var rune in text.EnumerateRunes())
        {
            if (Word(word + rune).Length > 75)
            {
                words.Add(Word(word));
                word = "";
            }

            word += rune;
        }

        words.Add(Word(word));
        return string.Join("\n ", words);
    }

    private static byte[]? Encode(string text, string charset) =>
        charset == "utf-8" || text.All(char.IsAscii) ? System.Text.Encoding.UTF8.GetBytes(text) : Encoding(charset).GetBytes(text);

    private static Encoding Encoding(string charset) =>
        CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? System.Text.Encoding.GetEncoding(charset);

    private static string Latin(byte[] octets) => System.Text.Encoding.Latin1.GetString(octets);

    private static string Quoted(byte[] octets)
    {
        var text = new StringBuilder();
        var length = 0;
        for (var i = 0; i < octets.Length; i++)
        {
            var octet = octets[i];
            var isLineEnd = octet == (byte)'\n';
            var isPlain = isLineEnd
                || (
                octet is >= 32 and < 127 && octet != (byte)'=' && !(
                    octet == (byte)' ' && (i + 1 == octets.Length || octets[i + 1] == (byte)'\n')));
            var written = isPlain ? ((char)octet).ToString() : $"={octet:X2}";
            if (!isLineEnd && length + written.Length > 75)
            {
                text.Append("=\n");
                length = 0;
            }

            text.Append(written);
            length = isLineEnd ? 0 : length + written.Length;
        }

        return text.ToString();
    }

    private string Word(string text) => Transfer == "quoted-printable"
        ? $"=?{Charset}?Q?{string.Concat(Encode(text, Charset)!.Select(QuotedOctet))}?="
        : $"=?{Charset}?B?{Convert.ToBase64String(Encode(text, Charset)!)}?=";

    private static string QuotedOctet(byte octet) =>
        char.IsAsciiLetterOrDigit((char)octet) ? ((char)octet).ToString() : octet == (byte)' ' ? "_" : $"={octet:X2}";
}
