using System.Globalization;
using Backstop.Recipes.Language;
using Backstop.Recipes.Patterns;

namespace Backstop.Recipes.Running;

/// <summary>Decides whether a recipe's conditions hold, and its score (procmailrc(5), procmailsc(5)).</summary>
internal sealed class RecipeConditions(RecipeState state, RecipePrograms programs, RecipeLog log)
{
    // procmailsc(5): this much decides at once.
    private const double Decisive = int.MaxValue;

    // Looking for the longest MATCH reads on behind it: a hostile text must not have that done at its every octet.
    private const long SplitBudget = 1 << 23;

    private RcFlags _flags;
    private double _score;
    private bool _isScored;

    /// <summary>Whether all conditions of a recipe hold.</summary>
    public bool Hold(RcRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        _flags = recipe.Flags;
        _score = 0;
        _isScored = false;
        var hold = recipe.Conditions.All(c => Math.Abs(_score) >= Decisive || Holds(c.Text));
        if (_isScored)
        {
            // Something between 0 and 1 is still a score.
            state.Score = _score is > 0 and < 1 ? 1 : (int)Math.Clamp(_score, -Decisive, Decisive);
            log.Trace($"Score: {state.Score}");
        }

        return hold && (!_isScored || _score > 0);
    }

    private bool Holds(string text)
    {
        var condition = new Condition();
        for (var rest = text; ; rest = rest.TrimStart(' ', '\t'))
        {
            if (rest.Length > state.LineBuffer)
            {
                log.Say("Exceeded LINEBUF");
                state.Variables["PROCMAIL_OVERFLOW"] = "yes";
                return false;
            }

            if (rest.StartsWith('!'))
            {
                condition.IsNegated ^= true;
                rest = rest[1..];
            }
            else if (rest.StartsWith('$'))
            {
                rest = programs.Expander.Quoted(rest[1..]);
                condition.IsExpanded = true;
            }
            else if (condition.Weight is null && TakeWeight(ref rest) is { } weight)
            {
                condition.Weight = weight;
                _isScored = true;
            }
            else if (TakeArea(ref rest) is { } area)
            {
                condition.Area = area;
            }
            else
            {
                return Decide(condition, rest);
            }
        }
    }

    private bool Decide(Condition condition, string text)
    {
        switch (text.Length > 0 ? text[0] : '\0')
        {
            case '?':
                return DecideProgram(condition, text[1..]);
            case '<' or '>':
                return DecideSize(condition, text[0] == '>', text[1..]);
            default:
                return DecideRegex(condition, text.StartsWith('\\') ? text[1..] : text);
        }
    }

    private bool DecideRegex(Condition condition, string pattern)
    {
        var ignoresCase = !_flags.HasAny(RcFlags.CaseCounts);
        var regex = condition.IsExpanded ? RecipeRegex.Parse(pattern, ignoresCase) : RecipeRegex.Kept(pattern, ignoresCase);
        if (!regex.IsValid)
        {
            log.Say($"Invalid regexp \"{pattern}\"");
        }

        var text = TextOf(condition.Area);
        if (condition.Weight is { } weight)
        {
            AddMatches(regex, text, weight, condition.IsNegated);
            return true;
        }

        var match = regex.Find(text);
        Trace(condition, match is not null, pattern);
        Keep(match, text);
        return match is not null != condition.IsNegated;
    }

    // Each match adds the weight, times x a power more. One that consumes nothing would match for ever: the series is summed at once.
    private void AddMatches(RecipeRegex regex, ReadOnlySpan<byte> text, Weight weight, bool isNegated)
    {
        var worth = weight.Base;
        var budget = SplitBudget;
        for (var at = 0; at <= text.Length && regex.Find(text, at, wantsSplit: budget > 0) is { } match;)
        {
            budget -= text.Length - at;
            Keep(match, text);
            if (isNegated)
            {
                return;
            }

            if (match.End == at)
            {
                _score += Math.Abs(weight.Factor) < 1 ? worth / (1 - weight.Factor) : worth == 0 ? 0 : Math.Sign(worth) * Decisive;
                return;
            }

            _score += worth;
            worth *= weight.Factor;
            if (Math.Abs(_score) >= Decisive || Math.Abs(worth) < double.Epsilon)
            {
                return;
            }

            at = match.End;
        }

        _score += isNegated ? weight.Base : 0;
    }

    private void Keep(RecipeMatch? match, ReadOnlySpan<byte> text)
    {
        if (match is { Split: >= 0 } found)
        {
            var from = Math.Min(found.Split, text.Length);
            state.Variables["MATCH"] = Octets.ToText(text[from..Math.Max(from, Math.Min(found.End, text.Length))]);
        }
    }

    private bool DecideProgram(Condition condition, string command)
    {
        var part = (_flags & (RcFlags.Header | RcFlags.Body)) == RcFlags.Body ? state.Message.Body
            : (_flags & (RcFlags.Header | RcFlags.Body)) == RcFlags.Header ? state.Message.Header
            : state.Message.Octets;
        var outcome = programs.Run(programs.Parse(command.TrimStart(' ', '\t')), RecipePrograms.Input(part, isRaw: false), ProgramOutput.Discarded, waits: true);
        var status = outcome.Status ?? 0;
        Trace(condition, status == 0, command);
        if (condition.Weight is not { } weight)
        {
            return status == 0 != condition.IsNegated;
        }

        // Negated, the status counts as a number of matches.
        _score += condition.IsNegated ? Series(weight, status) : status == 0 ? weight.Base : weight.Factor;
        return true;
    }

    private static double Series(Weight weight, int count)
    {
        var (sum, worth) = (0.0, weight.Base);
        for (var i = 0; i < count; i++, worth *= weight.Factor)
        {
            sum += worth;
        }

        return sum;
    }

    private bool DecideSize(Condition condition, bool isLarger, string text)
    {
        var word = programs.Expander.Value(text.TrimStart(' ', '\t'));
        var digits = 0;
        while (digits < word.Length && char.IsAsciiDigit(word[digits]))
        {
            digits++;
        }

        if (digits < word.Length)
        {
            log.Say($"Skipped \"{word[digits..]}\"");
        }

        _ = double.TryParse(word.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var limit);
        var size = condition.Area is { } area ? TextOf(area).Length : state.Message.Octets.Length;
        if (condition.Weight is { } weight)
        {
            var ratio = isLarger ? size / limit : limit / size;
            _score += double.IsNaN(ratio) ? 0 : weight.Base * Math.Pow(ratio, weight.Factor);
            return true;
        }

        var holds = isLarger ? size > limit : size < limit;
        Trace(condition, holds, $"{(isLarger ? '>' : '<')} {word}");
        return holds != condition.IsNegated;
    }

    private void Trace(Condition condition, bool holds, string text) =>
        log.Trace($"{(holds ? "Match" : "No match")} on {(condition.IsNegated ? "! " : "")}\"{text}\"");

    private ReadOnlySpan<byte> TextOf(string? area) => (area ?? Own()) switch
    {
        "H" => state.Message.JoinedHeader,
        "B" => state.Message.Body.Span,
        "HB" or "BH" => state.Message.Joined,
        var name => Octets.ToBytes(state.Variables.Text(name)),
    };

    private string Own() => (_flags & (RcFlags.Header | RcFlags.Body)) switch
    {
        RcFlags.Body => "B",
        RcFlags.Header | RcFlags.Body => "HB",
        _ => "H",
    };

    // w^x and a blank, or nothing, behind it.
    private static Weight? TakeWeight(ref string rest)
    {
        var hat = rest.IndexOf('^', StringComparison.Ordinal);
        var end = hat < 1 ? -1 : hat + 1;
        while (end > 0 && end < rest.Length && rest[end] is (>= '0' and <= '9') or '.' or '-' or '+')
        {
            end++;
        }

        if (end < 0 || (end < rest.Length && rest[end] is not (' ' or '\t')) || end == hat + 1
            || !Number(rest.AsSpan(0, hat), out var weight) || !Number(rest.AsSpan(hat + 1, end - hat - 1), out var factor))
        {
            return null;
        }

        rest = rest[end..];
        return new(weight, factor);
    }

    private static bool Number(ReadOnlySpan<char> text, out double value) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);

    // NAME ??, or H, B, HB, BH.
    private static string? TakeArea(ref string rest)
    {
        var end = 0;
        while (end < rest.Length && (char.IsAsciiLetterOrDigit(rest[end]) || rest[end] == '_'))
        {
            end++;
        }

        var behind = rest.AsSpan(end).TrimStart(" \t");
        if (end == 0 || char.IsAsciiDigit(rest[0]) || !behind.StartsWith("??"))
        {
            return null;
        }

        var name = rest[..end];
        rest = behind[2..].ToString();
        return name;
    }

    private readonly record struct Weight(double Base, double Factor);

    private sealed class Condition
    {
        public bool IsNegated { get; set; }

        public bool IsExpanded { get; set; }

        public Weight? Weight { get; set; }

        public string? Area { get; set; }
    }
}
