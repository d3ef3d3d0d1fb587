using System.Collections.Frozen;
using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;

namespace Backstop.Backscatter.Storms;

/// <summary>How much a message looks like mass mail.</summary>
/// <param name="Weight">The likelihood that a machine sends it to any address that was typed in; zero or negative for a
/// person's mail.</param>
/// <param name="IsCode">Whether it brings a one-time code.</param>
/// <param name="ListId">The list it came through (RFC 2919), in lower case; empty for none.</param>
public readonly record struct MassMailShape(int Weight, bool IsCode, string ListId)
{
    /// <summary>Whether it is certainly mass mail: it counts towards a storm.</summary>
    public bool IsMass => Weight >= 3;

    /// <summary>Whether it is probably mass mail: during a storm that is enough.</summary>
    public bool IsLikelyMass => Weight >= 2;

    /// <summary>
    /// Whether it is from a list or about signing up, as the mail of an e-mail bomb is. Mail of a shop or bank to one
    /// customer is mass mail too, but neither of these.
    /// </summary>
    public bool IsOfBombs { get; init; }

    /// <summary>
    /// Whether its subject is about access, money or goods (a changed password, a receipt): mail that a bomb is meant
    /// to bury.
    /// </summary>
    public bool IsNotice { get; init; }

    /// <summary>
    /// Whether it is a post to a discussion list, not a message of the list itself: it can be answered there
    /// (List-Post, RFC 2369), has no one-click unsubscription (RFC 8058), and its subject is about something else.
    /// </summary>
    public bool IsPost { get; init; }
}

/// <summary>
/// Distinguishes list confirmations, newsletters and account mail from people's mail. Words and weights are in
/// <c>massmail.tsv</c>.
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

    // Mail programs of people. A machine may pretend to be one, but few do.
    private static readonly string[] _agents = [
        "thunderbird", "apple mail", "iphone mail", "ipad mail", "outlook", "evolution", "mutt", "k-9", "kmail", "claws", "roundcube",
        "squirrelmail", "sogo", "zimbra", "alpine", "gmail", "geary", "fairemail"];

    private static readonly string[] _codeWords =
    [
        "code", "otp", "passcode", "one-time", "einmal", "tan", "pin", "código", "codice", "kod", "код", "verification number",
        "認証コード", "验证码", "인증번호",
    ];

    /// <summary>Weighs a message.</summary>
    /// <param name="message">The message, or its beginning.</param>
    /// <param name="report">The classified message.</param>
    public static MassMailShape Look(ReadOnlyMemory<byte> message, BounceReport report) => Look(new MailMessage(message), report);

    /// <summary>Weighs a message whose header has been scanned, as mail programs see it.</summary>
    /// <param name="mail">The message, or its beginning.</param>
    /// <param name="report">The classified message.</param>
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

        // The text of HTML no longer contains the links, but nearly every HTML mail has some.
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

    // A word for a code and, in the subject or near the word, a separate number of four to eight digits.
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
