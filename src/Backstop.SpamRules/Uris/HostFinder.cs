using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Uris;

/// <summary>
/// Finds what may be a host name in running text, as SpamAssassin does: up to 251 octets, a dot and a last label, with no dot, dash or
/// underscore around them. Each start looks at no more than that.
/// </summary>
internal static class HostFinder
{
    private const int MaxHead = 251;

    public static IEnumerable<string> Find(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            var end = TokenEnd(text, at);
            var last = end > at ? text.LastIndexOf('.', end - 1, end - at) : -1;
            for (var start = at; start < last;)
            {
                var found = start == 0 || text[start - 1] is not ('.' or '_' or '-')
                    ? End(text, start, Math.Min(last, start + MaxHead))
                    : 0;
                if (found > 0)
                {
                    yield return text[start..found];
                }

                start = Math.Max(start + 1, found);
            }

            at = end;
        }
    }

    // Behind the longest host that begins here, or 0. The last label may have to give an octet back.
    private static int End(string text, int start, int lastDot)
    {
        for (var dot = text.LastIndexOf('.', lastDot, lastDot - start); dot > start; dot = text.LastIndexOf('.', dot - 1, dot - start))
        {
            var end = dot + 1;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '-'))
            {
                end++;
            }

            while (end > dot + 1 && end < text.Length && text[end] is '.' or '_' or '-')
            {
                end--;
            }

            if (end > dot + 1)
            {
                return end;
            }
        }

        return 0;
    }

    private static int TokenEnd(string text, int at)
    {
        while (at < text.Length && text[at] != '@' && !PerlSpace.Is(text[at]))
        {
            at++;
        }

        return at;
    }
}
