using System.Text;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Learning;

/// <summary>Bodies of header fields, cut to what the learner can use of them (Plugin/Bayes.pm, _pre_chew_ and what it calls).</summary>
internal static class TokenFields
{
    private const string Boundary = "boundary=";

    private static readonly PerlRegex _outlookId = new("<([0-9a-f]{4})[0-9a-f]{8}\\$([0-9a-f]{4})[0-9a-f]{4}\\$([0-9a-f]{8})@(\\S+)>");
    private static readonly PerlRegex _eximId = new("<[A-Za-z0-9]{7}-[A-Za-z0-9]{6}-0[A-Za-z0-9]@");
    private static readonly PerlRegex _sendmailId = new("<20\\d\\d[01]\\d[0123]\\d[012]\\d[012345]\\d[012345]\\d\\.[A-F0-9]{10,12}@");
    private static readonly PerlRegex _sendmailSmtp = new("\\swith\\sSMTP\\sid\\sg[\\dA-Z]{10,12}\\s");
    private static readonly PerlRegex _sendmailEsmtp = new("\\swith\\sESMTP\\sid\\s[\\dA-F]{10,12}\\s");
    private static readonly PerlRegex _queueId = new("\\bid\\s[a-zA-Z0-9]{7,20}\\b");
    private static readonly PerlRegex _eximQueueId = new("\\bid\\s[A-Za-z0-9]{7}-[A-Za-z0-9]{6}-0[A-Za-z0-9]");
    private static readonly PerlRegex _date = new(
        "(?:|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\\s)(?:|[0-3\\s])[0-9]\\s(?:Jan|Feb|Ma[ry]|Apr|Ju[nl]|Aug|Sep|Oct|Nov|Dec)\\s"
            + "(?:19|20)?[0-9]{2}\\s[0-2][0-9](?::[0-5][0-9]){1,2}\\s(?:\\s*\\(|\\)|\\s*(?:[+-][0-9]{4})|\\s*(?:UT|[A-Z]{2,3}T))*");

    private static readonly PerlRegex _commonWords = new("\\b(?:with|from|for|SMTP|ESMTP)\\b");
    private static readonly PerlRegex _typeWords = new("\\b(?:text|charset)\\b");
    private static readonly PerlRegex _relayKeys = new(" [a-z]+=");

    /// <summary>The words of an id that may come again: those of known programs without their counters and times.</summary>
    public static string MessageId(string body)
    {
        var text = _outlookId.Replace(body, " OEA$1 OEB$2 OEC$3 $4 ");
        text = _eximId.Match(text) is { Success: true } exim ? text.Remove(exim.Index, exim.Length) : text;
        text = _sendmailId.Replace(text, "");
        return string.Create(text.Length, text, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = PerlText.IsWord(from[i]) ? from[i] : ' ';
            }
        });
    }

    /// <summary>The words of names as <c>N*word</c>, of addresses <c>U*user</c>, <c>D*domain</c> and the domains above it.</summary>
    public static string Addresses(string body)
    {
        var text = new StringBuilder();
        foreach (var (address, phrase) in HeaderAddresses.Parse(body))
        {
            foreach (var word in PerlSpace.Words(phrase ?? ""))
            {
                text.Append(" N*").Append(word);
            }

            AppendAddress(text, address ?? "");
        }

        return text.ToString();
    }

    /// <summary>A Received field without ids and date; of an address the network counts, and the whole of it.</summary>
    public static string Received(string body)
    {
        var text = _sendmailSmtp.Replace(body, " ");
        text = _sendmailEsmtp.Replace(text, " ");
        text = _queueId.Replace(text, " ");
        text = _eximQueueId.Replace(text, " ");
        text = WithNetworks(_date.Replace(text, ""));
        return _commonWords.Replace(text, " ");
    }

    /// <summary>A Content-Type whose boundary shows its form instead of its digits.</summary>
    public static string ContentType(string body)
    {
        string? last = null;
        for (var at = 0; TryBoundary(body, at, out var start, out var end);)
        {
            last = body[(start + Boundary.Length + 1)..(end - 1)];
            body = string.Concat(body.AsSpan(0, start), " ", body.AsSpan(end));
            at = start + 1;
        }

        return _typeWords.Replace(last is null ? body : body + Form(last), " ");
    }

    /// <summary>Relays as rules see them, without the names of their parts.</summary>
    public static string Relays(string relays) => _relayKeys.Replace(" " + relays, " ");

    public static string WithoutFirst(string text, string part) =>
        text.IndexOf(part, StringComparison.Ordinal) is var at and >= 0 ? text.Remove(at, part.Length) : text;

    private static void AppendAddress(StringBuilder text, string address)
    {
        var at = address.Length < 2 ? -1 : address.LastIndexOf('@', address.Length - 2);
        if (at <= 0)
        {
            return;
        }

        text.Append(" U*").Append(address, 0, at).Append(" D*").Append(address, at + 1, address.Length - at - 1);
        for (var domain = at + 1;
            address.IndexOf('.', domain) is var dot && dot > domain && dot < address.Length - 1; domain = dot + 1)
        {
            text.Append(" D*").Append(address, dot + 1, address.Length - dot - 1);
        }
    }

    private static bool TryBoundary(string body, int from, out int start, out int end)
    {
        for (start = Find(body, from); start >= 0; start = Find(body, start + 1))
        {
            var quote = start + Boundary.Length;
            if (quote < body.Length && body[quote] is '"' or '\'')
            {
                end = body.AsSpan(quote + 1).IndexOfAny('"', '\'', '\n') is var close and >= 0 ? quote + 1 + close : body.Length;
                if (end < body.Length && body[end] != '\n')
                {
                    end++;
                    return true;
                }
            }
        }

        end = 0;
        return false;
    }

    private static int Find(string body, int from) => body.IndexOf(Boundary, from, StringComparison.OrdinalIgnoreCase);

    // Hexadecimal digits are one letter, and marks stand alone.
    private static string Form(string boundary)
    {
        var text = new StringBuilder(boundary.Length + 8);
        var wasMark = false;
        foreach (var c in boundary)
        {
            var isMark = c is '-' or '_' or '.' or '=';
            _ = isMark == wasMark ? text : text.Append(' ');
            text.Append(char.IsAsciiHexDigit(c) ? 'H' : c);
            wasMark = isMark;
        }

        return text.ToString();
    }

    /// <summary>Each IPv4 address becomes its first three numbers and <c>ip*</c> with all four.</summary>
    private static string WithNetworks(string text)
    {
        StringBuilder? changed = null;
        var kept = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (!char.IsAsciiDigit(text[at]) || (at > 0 && PerlText.IsWord(text[at - 1]))
                || !TryAddress(text, at, out var third, out var end))
            {
                continue;
            }

            changed ??= new StringBuilder(text.Length + 32);
            changed.Append(text, kept, third - kept).Append(" ip*").Append(text, at, end - at).Append(' ');
            kept = end;
            at = end - 1;
        }

        return changed is null ? text : changed.Append(text, kept, text.Length - kept).ToString();
    }

    // Four numbers of one to three digits; the third one's end, and the end of all, which must be that of a word.
    private static bool TryAddress(string text, int at, out int third, out int end)
    {
        (third, end) = (0, at);
        for (var part = 0; part < 4; part++)
        {
            if (part > 0 && (end >= text.Length || text[end++] != '.'))
            {
                return false;
            }

            var start = end;
            while (end < text.Length && end - start < 3 && char.IsAsciiDigit(text[end]))
            {
                end++;
            }

            if (end == start)
            {
                return false;
            }

            third = part == 2 ? end : third;
        }

        return end == text.Length || !PerlText.IsWord(text[end]);
    }
}
