using System.Text;

namespace Backstop.Bench;

/// <summary>Makes hostile mails out of ordinary ones. The same seed makes the same mails.</summary>
/// <param name="corpus">The ordinary ones.</param>
/// <param name="seed">The seed.</param>
internal sealed class MailMutator(IReadOnlyList<byte[]> corpus, int seed)
{
    private const int MaxLength = 256 * 1024;
    private const int MaxKept = 60;

    private static readonly byte[][] _words =
    [
        .. new[]
        {
            "\n", "\n\n", "\r", "\r\n", "--", "--\n", "boundary=", "boundary=\"\"", ";", ";;;;;;", "\"", "\\", "=?",
            "?=", "=?utf-8?b?", "=?utf-8?q?", "=?x?x?x?=", "(", "((((((", ")", "<", ">",
            "<<<<", ">>>>", "@", "<!--", "-->", "<script>", "<style>", "</style>", "<a href=\"", "<table>",
            "<font color=", "&#", "&#x", "&amp;", "&#1114112;", "%00", "%2e", "\0", "\u00ff\u00fe",
            "\u00ef\u00bb\u00bf", "Content-Type: multipart/mixed; "
                + "boundary=a\n", "Content-Type: message/rfc822\n", "Content-Type: text/html; charset=utf-7\n",
            "Content-Type: text/html; charset=utf-16\n", "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: "
                + "quoted-printable\n", "charset=iso-2022-jp", "charset=gb18030",
            "begin 644 a\n", "Received: from ", "Status: ", "Final-Recipient: rfc822;", "Message-ID: ", "From: ",
            "To: ", "Reply-To: ", "=\n", "==", "====", "http://", "http://[", "www.", "mailto:",
            "\t", " ", "    ", "\v", "\f", "\u0085", "a", ".", "..", "a.", "a@b.", "\n.\n", "From ",
            "\nFrom a@b Thu Jan  1 00:00:00 1970\n", "-1", "99999999999999999999", "2147483648", "0x", "%n",
            "{", "}", "[", "]", "*", "+", "{1,99999}", "font-size:0", "color:rgb(", "style=\"", "<div style=\"color:",
            "url(", "(([", "])", "1.2.3.4", "::", "1:", "IPv6:", "helo=", " by ",
        }.Select(Encoding.Latin1.GetBytes),
    ];

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _dear = [];

    /// <summary>A mail that was dear is mutated again.</summary>
    public void Keep(byte[] mail)
    {
        _dear.Add(mail);
        if (_dear.Count > MaxKept)
        {
            _dear.RemoveAt(_random.Next(MaxKept / 2));
        }
    }

    public byte[] Next()
    {
        var mail = new List<byte>(_dear.Count > 0 && _random.Next(3) == 0 ? Any(_dear) : Any(corpus));
        for (var changes = 1 + _random.Next(8); changes > 0 && mail.Count > 0; changes--)
        {
            Change(mail, _random.Next(mail.Count));
        }

        return [.. mail.Take(MaxLength)];
    }

    private T Any<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    private void Change(List<byte> mail, int at)
    {
        switch (_random.Next(8))
        {
            case 0:
                mail[at] = (byte)_random.Next(256);
                break;
            case 1:
                mail.RemoveRange(at, Math.Min(_random.Next(1, 64), mail.Count - at));
                break;
            case 2:
                mail.InsertRange(at, Any(_words));
                break;
            case 3:
                Repeat(mail, at, [.. mail.Skip(at).Take(_random.Next(1, 200))], _random.Next(1, _random.Next(2) == 0 ? 4 : 200));
                break;
            case 4:
                var other = Any(corpus);
                var from = _random.Next(other.Length);
                mail.InsertRange(at, other[from..Math.Min(other.Length, from + _random.Next(1, 500))]);
                break;
            case 5:
                mail.RemoveRange(at, mail.Count - at);
                break;
            case 6:
                Repeat(mail, at, [.. Any(_words), .. Any(_words)], _random.Next(1, 3000));
                break;
            default:
                Repeat(mail, at, Any(_words), _random.Next(1, 3000));
                break;
        }
    }

    private static void Repeat(List<byte> mail, int at, byte[] part, int times)
    {
        times = Math.Min(times, Math.Max(0, MaxLength - mail.Count) / Math.Max(1, part.Length));
        mail.InsertRange(at, Enumerable.Repeat(part, times).SelectMany(p => p));
    }
}
