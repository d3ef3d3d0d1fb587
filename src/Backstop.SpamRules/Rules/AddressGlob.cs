using Backstop.Mail;

namespace Backstop.SpamRules.Rules;

/// <summary>
/// An address with <c>*</c> (any text) and <c>?</c> (a character), neither over a line end. Matched without an expression: a user's
/// list may hold thousands, and an expression each takes a few milliseconds and kibibytes to make.
/// </summary>
/// <param name="Pattern">In lower case, as the addresses that it is compared with.</param>
internal sealed record AddressGlob(string Pattern)
{
    /// <summary>Whether the whole text matches. Takes at most the product of both lengths, which is charged.</summary>
    public bool IsMatch(string text)
    {
        var (at, p, star, resume) = (0, 0, -1, 0);
        text = text.EndsWith('\n') ? text[..^1] : text;
        var steps = 0L;
        while (at < text.Length)
        {
            steps++;
            if (p < Pattern.Length && Pattern[p] == '*')
            {
                (star, resume) = (p++, at);
            }
            else if (p < Pattern.Length && Matches(Pattern[p], text[at]))
            {
                (p, at) = (p + 1, at + 1);
            }
            else if (star >= 0 && text[resume] != '\n')
            {
                // The last star takes one character more. Earlier ones need not: they stopped at the first place that fits.
                (p, at) = (star + 1, ++resume);
            }
            else
            {
                break;
            }
        }

        MessageBudget.Charge(steps);
        return at == text.Length && Pattern.AsSpan(p).IndexOfAnyExcept('*') < 0;
    }

    // WLBLEval: these three count as _ in a list, so that no line of it ends an expression.
    private static bool Matches(char pattern, char c) => pattern switch
    {
        '?' => c != '\n',
        '\0' or '\\' or '(' => c == '_',
        _ => c == pattern,
    };
}
