using Backstop.Mail;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Relays;

/// <summary>
/// A form of Received that can be read word by word, without an expression: a mail bears a dozen of these fields, and finding the groups
/// of an expression that does not backtrack is the dearest part of reading one.
/// </summary>
/// <remarks>
/// Reads what the expression would: a word reaches to the blank behind it, an address to its bracket, and what stands behind <c>.*</c>
/// is looked for from the end. The text must hold no white space but blanks, as <see cref="ReceivedParser"/> makes it.
/// </remarks>
internal sealed class ReceivedShape
{
    private const string AnyText = ".*";

    // What the forms are written in; a word may fill two groups.
    private static readonly (string Written, string[]? Groups)[] _parts =
    [
        ("(?<helo>(?<rdns>\\S+))", ["helo", "rdns"]), ("{helo}", ["helo"]), ("{rdns}", ["rdns"]), ("{word}", ["by"]), ("\\S+", []),
        ("{ip}", ["ip"]), (AnyText, null),
    ];

    private readonly IReadOnlyList<Step> _steps;

    private ReceivedShape(IReadOnlyList<Step> steps) => _steps = steps;

    private enum StepKind
    {
        Literal,
        Word,
        Address,
        Anything,
    }

    /// <summary>The shape of a form; null where only an expression can read it.</summary>
    /// <param name="form">As <see cref="ReceivedForm.Compile"/> takes it.</param>
    public static ReceivedShape? Of(string form)
    {
        var steps = new List<Step>();
        var rest = form.StartsWith('^') ? form[1..].Replace("{by}", "by {word}", StringComparison.Ordinal) : "*";
        while (rest.Length > 0)
        {
            var (step, length) = Read(rest);
            rest = rest[length..];
            if (length == 0 || rest is ['?' or '*' or '+' or '{', ..] and not ['{', 'w' or 'i' or 'h' or 'r', ..])
            {
                return null;
            }

            if (step.Kind == StepKind.Literal && steps is [.., { Kind: StepKind.Literal } last])
            {
                steps[^1] = last with { Text = last.Text + step.Text };
            }
            else
            {
                steps.Add(step);
            }
        }

        return IsCertain(steps) ? new(steps) : null;
    }

    /// <summary>The groups that a text gives, by name; null where it does not begin so.</summary>
    public IReadOnlyDictionary<string, string>? Match(string text)
    {
        MessageBudget.Charge(text.Length);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        return Fits(text, 0, 0, found) ? found : null;
    }

    private static (Step Step, int Length) Read(string form)
    {
        foreach (var (written, groups) in _parts)
        {
            if (form.StartsWith(written, StringComparison.Ordinal))
            {
                var kind = written == "{ip}" ? StepKind.Address : groups is null ? StepKind.Anything : StepKind.Word;
                return (new(kind, "", groups ?? []), written.Length);
            }
        }

        return form switch
        {
            ['\\', '(' or ')' or '[' or ']' or '.', ..] => (new(StepKind.Literal, form[1..2], []), 2),
            [var c, ..] when char.IsAsciiLetter(c) || c is ' ' or '-' or ',' or ':' or '"' or '=' =>
                (new(StepKind.Literal, form[..1], []), 1),
            _ => (default, 0),
        };
    }

    // Where each part ends is known without trying another end; behind ".*" stands a literal, and there is one at the most.
    private static bool IsCertain(List<Step> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var before = i == 0 ? "[" : steps[i - 1].Text;
            var behind = i + 1 < steps.Count ? steps[i + 1].Text : null;
            var isCertain = steps[i].Kind switch
            {
                StepKind.Word => behind is null or [' ', ..],
                StepKind.Address => behind is [']' or ')' or ' ', ..] && before is [.., '[' or '(' or ' '],
                StepKind.Anything => behind is { Length: > 0 } && steps.Count(s => s.Kind == StepKind.Anything) == 1,
                _ => true,
            };
            if (!isCertain)
            {
                return false;
            }
        }

        return true;
    }

    private bool Fits(string text, int at, int first, Dictionary<string, string> found)
    {
        for (var i = first; i < _steps.Count; i++)
        {
            var step = _steps[i];
            if (step.Kind == StepKind.Anything)
            {
                return FitsFromEnd(text, at, i + 1, found);
            }

            if (step.Kind == StepKind.Literal)
            {
                if (string.CompareOrdinal(text, at, step.Text, 0, step.Text.Length) != 0)
                {
                    return false;
                }

                at += step.Text.Length;
                continue;
            }

            var end = text.IndexOf(i + 1 < _steps.Count ? _steps[i + 1].Text[0] : ' ', at);
            end = end < 0 && i + 1 == _steps.Count ? text.Length : end;
            if (end <= at || (step.Kind == StepKind.Address && !IpPatterns.IsAddress(text[at..end])))
            {
                return false;
            }

            foreach (var group in step.Groups)
            {
                found[group] = text[at..end];
            }

            at = end;
        }

        return true;
    }

    private bool FitsFromEnd(string text, int at, int next, Dictionary<string, string> found)
    {
        var literal = _steps[next].Text;
        for (var end = text.Length; end >= at + literal.Length;)
        {
            var place = text.LastIndexOf(literal, end - 1, end - at, StringComparison.Ordinal);
            if (place < 0)
            {
                return false;
            }

            if (Fits(text, place, next, found))
            {
                return true;
            }

            end = place + literal.Length - 1;
        }

        return false;
    }

    /// <summary>A part of a form.</summary>
    /// <param name="Kind">What it is.</param>
    /// <param name="Text">Of a literal, its characters.</param>
    /// <param name="Groups">The groups that it fills.</param>
    private readonly record struct Step(StepKind Kind, string Text, string[] Groups);
}
