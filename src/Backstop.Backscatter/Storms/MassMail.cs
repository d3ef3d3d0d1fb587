using System.Collections.Frozen;
using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;

namespace Backstop.Backscatter.Storms;

/// <summary>What a message looks like, from its outside.</summary>
/// <param name="Weight">How much it looks like mail that a machine sends to whoever an address was typed in for; a person's mail
/// has none, or less than none.</param>
/// <param name="IsCode">Whether it brings a one-time code.</param>
/// <param name="ListId">The list it came through (RFC 2919), in lower case; empty for none.</param>
public readonly record struct MassMailShape(int Weight, bool IsCode, string ListId)
{
    /// <summary>Looks like it beyond doubt: counts towards a storm.</summary>
    public bool IsMass => Weight >= 3;

    /// <summary>Looks like it more than not: while a storm lasts, that is enough.</summary>
    public bool IsLikelyMass => Weight >= 2;

    /// <summary>
    /// Whether it is of a list, or speaks of signing up: what a bomb consists of. What a shop or bank sends to one customer is mass
    /// mail too, and neither.
    /// </summary>
    public bool IsOfBombs { get; init; }

    /// <summary>
    /// Whether its subject tells of access, money or goods (a changed password, a receipt): what a bomb is meant to bury.
    /// </summary>
    public bool IsNotice { get; init; }

    /// <summary>
    /// Whether it is a post to a discussion list, not a word of the list's own: it can be answered there (List-Post, RFC 2369),
    /// cannot be left by one click (RFC 8058), and its subject is about something else.
    /// </summary>
    public bool IsPost { get; init; }
}

/// <summary>
/// Tells list confirmations, newsletters and accounts from what persons write. Words and weights are in <c>massmail.tsv</c>.
/// </summary>
public static class MassMail
{
    private const int MaxText = 8 << 10;
    private const int MaxTextWeight = 2;
    private const int MaxListId = 255;

    private static readonly (string Place, int Weight, string Words)[] _table = ReadTable();
    private static readonly FrozenDictionary<string, int> _fields = Of("field");
    private static readonly FrozenDictionary<string, int> _from = Of("from");
    private static readonly (string Words, int Weight)[] _subject = [
        .. _table.Where(r => r.Place == "subject").Select(r => (r.Words, r.Weight))];
    private static readonly string[] _text = [.. _table.Where(r => r.Place == "text").Select(r => r.Words)];

    private static readonly string[] _notices = [.. TableFile.Read("notices.tsv").Select(c => c[1])];

    // Programs that persons write with. A machine may claim to be one; few take the trouble.
    private static readonly string[] _agents = [
        "thunderbird", "apple mail", "iphone mail", "ipad mail", "outlook", "evolution", "mutt", "k-9", "kmail", "claws", "roundcube",
        "squirrelmail", "sogo", "zimbra", "alpine", "gmail", "geary", "fairemail"];

    private static readonly string[] _codeWords =
    [
        "code", "otp", "passcode", "one-time", "einmal", "tan", "pin", "código", "codice", "kod", "код", "verification number", "認証コード", "验证码", "인증번호",
    ];

    /// <summary>Looks at a message.</summary>
    /// <param name="message">It, or its front.</param>
    /// <param name="report">What it is.</param>
    public static MassMailShape Look(ReadOnlyMemory<byte> message, BounceReport report) => Look(new MailMessage(message), report);

    /// <summary>Looks at a message whose header has been scanned, as mail programs see it.</summary>
    /// <param name="mail">It, or its front.</param>
    /// <param name="report">What it is.</param>
    public static MassMailShape Look(MailMessage mail, BounceReport report)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(report);
        var (message, fields) = (mail.Octets, mail.StrictFields);
        var subject = report.Subject.ToLowerInvariant();
        var part = mail.StrictParts.FirstOrDefault(p => p.Type.MediaType is "text/plain" or "text/html" && !p.IsAttachment);
        var text = part is null ? "" : PartText.Read(message, part, MaxText).ToLowerInvariant();
        var (ofSubject, ofText) = (Subject(subject), Text(text));
        var weight = Fields(message.Span, fields) + From(report.From) + ofSubject + ofText;

        // The text of HTML has lost its links; hardly any is without.
        var hasLink = part?.Type.MediaType == "text/html" || text.Contains("http://", StringComparison.Ordinal)
            || text.Contains("https://", StringComparison.Ordinal);
        return new(weight - (hasLink ? 0 : 1), HasCode(subject, text), ListId(message.Span, fields))
        {
            IsNotice = _notices.Any(n => subject.Contains(n, StringComparison.Ordinal)),
            IsOfBombs = ofSubject > 0 || ofText >= MaxTextWeight || IsOfList(message.Span, fields),
            IsPost = ofSubject == 0 && From(report.From) < 2 && IsPost(message.Span, fields),
        };
    }

    private static int Fields(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        var weight = 0;
        foreach (var field in fields)
        {
            var name = Encoding.Latin1.GetString(field.Name(message)).ToLowerInvariant();
            weight += _fields.GetValueOrDefault(name) + name switch
            {
                "precedence" => field.Body(message).Trim().ToLowerInvariant() is "bulk" or "list" or "junk" ? 3 : 0,
                "auto-submitted" => field.Body(message).Trim().StartsWith("auto-generated", StringComparison.OrdinalIgnoreCase) ? 3 : 0,
                "user-agent" or "x-mailer" => IsPersons(field.Body(message)) ? -2 : 0,
                "in-reply-to" => -1,
                _ => 0,
            };
        }

        return weight;
    }

    private static bool IsOfList(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        foreach (var field in fields)
        {
            if (field.Is(message, "List-Unsubscribe"u8) || field.Is(message, "List-Id"u8)
                || (field.Is(message, "Precedence"u8) && field.Body(message).Trim().ToLowerInvariant() is "bulk" or "list" or "junk"))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsPost(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        var canPost = false;
        foreach (var field in fields)
        {
            canPost |= field.Is(message, "List-Post"u8) && field.Body(message).Contains("<mailto:", StringComparison.OrdinalIgnoreCase);
            if (field.Is(message, "List-Unsubscribe-Post"u8) || field.Is(message, "X-List-Administrivia"u8))
            {
                return false;
            }
        }

        return canPost;
    }

    // RFC 2919 §3: a phrase, then the identifier in angle brackets.
    private static string ListId(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        foreach (var field in fields)
        {
            if (field.Is(message, "List-Id"u8))
            {
                var text = field.Body(message);
                var (open, close) = (text.LastIndexOf('<'), text.LastIndexOf('>'));
                var id = (open >= 0 && close > open ? text[(open + 1)..close] : text).Trim().ToLowerInvariant();
                return id.Length > MaxListId ? id[..MaxListId] : id;
            }
        }

        return "";
    }

    private static bool IsPersons(string agent) => _agents.Any(a => agent.Contains(a, StringComparison.OrdinalIgnoreCase));

    private static int From(string? address)
    {
        var at = address?.LastIndexOf('@') ?? -1;
        return at <= 0 ? 0 : _from.GetValueOrDefault(string.Concat(address![..at].ToLowerInvariant().Split('-', '_', '.', '+')));
    }

    private static int Subject(string subject)
    {
        foreach (var (words, weight) in _subject)
        {
            if (subject.Contains(words, StringComparison.Ordinal))
            {
                return weight;
            }
        }

        return 0;
    }

    private static int Text(string text) => Math.Min(MaxTextWeight, _text.Count(w => text.Contains(w, StringComparison.Ordinal)));

    // A word for it and, in the subject or near the word, four to eight digits by themselves.
    private static bool HasCode(string subject, string text) =>
        HasCode(subject) || (_codeWords.Any(w => HasWord(subject, w) >= 0) && HasNumber(text)) || HasCode(text);

    private static bool HasCode(string text)
    {
        const int Near = 60;
        foreach (var word in _codeWords)
        {
            if (HasWord(text, word) is >= 0 and var at
                && HasNumber(text.AsSpan(Math.Max(0, at - Near), Math.Min(text.Length, at + word.Length + Near) - Math.Max(0, at - Near))))
            {
                return true;
            }
        }

        return false;
    }

    private static int HasWord(string text, string word)
    {
        for (var at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            if ((at == 0 || !char.IsAsciiLetter(text[at - 1]))
                && (at + word.Length == text.Length || !char.IsAsciiLetter(text[at + word.Length])))
            {
                return at;
            }
        }

        return -1;
    }

    private static bool HasNumber(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i]))
            {
                i++;
            }

            if (i - start is >= 4 and <= 8 && !IsYear(text[start..i]) && (start == 0 || !IsJoined(text[start - 1]))
                && (i == text.Length || !IsJoined(text[i])))
            {
                return true;
            }
        }

        return false;

        static bool IsYear(ReadOnlySpan<char> number) => number is ['1', '9', _, _] or ['2', '0', _, _];

        // Parts of links, dates, prices and telephone numbers.
        static bool IsJoined(char c) => char.IsLetterOrDigit(c) || c is '/' or '=' or '-' or '_' or '&' or '+' or '%' or '#';
    }

    private static FrozenDictionary<string, int> Of(string place) =>
        _table.Where(r => r.Place == place).ToFrozenDictionary(r => r.Words, r => r.Weight, StringComparer.Ordinal);

    private static (string Place, int Weight, string Words)[] ReadTable() =>
        [.. TableFile.Read("massmail.tsv").Select(c => (c[0], int.Parse(c[1], System.Globalization.CultureInfo.InvariantCulture), c[2]))];
}
