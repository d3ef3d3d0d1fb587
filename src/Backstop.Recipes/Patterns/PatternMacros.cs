namespace Backstop.Recipes.Patterns;

/// <summary>procmail's shorthands, word for word from procmailrc(5): they are what recipes were written against.</summary>
internal static class PatternMacros
{
    private const string Recipients = @"(^((Original-)?(Resent-)?(To|Cc|Bcc)|(X-Envelope|Apparently(-Resent)?)-To):(.*";

    private const string Senders = @"(((Resent-)?(From|Sender)|X-Envelope-From):|>?From )([^>]*[^(.%@a-z0-9])?(Post(ma";

    private const string Tail = @"A(dmin(istrator)?|MMGR";

    private const string After = ")(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*(\\(.*\\).*)?)?$([^>]|$)";

    // The longer name first where one begins the other.
    private static readonly (string Name, string Text, bool FoldsCase)[] _macros =
    [
        ("^TO_", Recipients + "[^-a-zA-Z0-9_.])?)", false),
        ("^TO", Recipients + "[^a-zA-Z])?)", false),
        ("^FROM_DAEMON", "(^(Mailing-List:|Precedence:.*(junk|bulk|list)|To: Multiple recipients of |" + Senders
            + @"?(st(e?r)?|n)|office)|(send)?Mail(er)?|daemon|m(mdf|ajordomo)|n?uucp|LIST(SERV|proc)|NETSERV|o(wner|ps)"
            + @"|r(e(quest|sponse)|oot)|b(ounce|bs\.smtp)"
            + "|echo|mirror|s(erv(ices?|er)|mtp(error)?|ystem)|" + Tail + "|utoanswer)" + After + "))", true),
        ("^FROM_MAILER", "(^" + Senders
            + @"(st(er)?|n)|office)|(send)?Mail(er)?|daemon|mmdf|n?uucp|ops|r(esponse|oot)"
            + @"|(bbs\.)?smtp(error)?|s(erv(ices?|er)|ystem)|" + Tail + ")" + After + ")", false),
    ];

    /// <summary>Puts the macros' texts where their names stand.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="foldsCase">Whether one of them makes the whole expression ignore case, flag D or not.</param>
    public static string Expand(string pattern, out bool foldsCase)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        foldsCase = false;
        for (var at = pattern.IndexOf('^', StringComparison.Ordinal); at >= 0 && at < pattern.Length; at = pattern.IndexOf('^', at + 1))
        {
            var here = pattern.AsSpan(at);
            var macro = Array.Find(_macros, m => pattern.AsSpan(at).StartsWith(m.Name, StringComparison.Ordinal));
            if (macro.Name is null || (at > 0 && pattern[at - 1] == '\\'))
            {
                continue;
            }

            foldsCase |= macro.FoldsCase;
            pattern = string.Concat(pattern.AsSpan(0, at), macro.Text, here[macro.Name.Length..]);
            at += macro.Text.Length - 1;
        }

        return pattern;
    }
}
