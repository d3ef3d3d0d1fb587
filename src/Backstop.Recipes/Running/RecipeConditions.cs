using System.Globalization;
using Backstop.Recipes.Language;
using Backstop.Recipes.Patterns;

namespace Backstop.Recipes.Running;

/// <summary>Decides whether a recipe's conditions hold, and its score (procmailrc(5), procmailsc(5)).</summary>
internal sealed class RecipeConditions(
    RcProgram program, RecipeState state, RecipePrograms programs, RecipeLog log, RecipeOptions options)
{
    // procmailsc(5): this much decides at once.
    private const double Decisive = int.MaxValue;

    // Looking for the longest MATCH reads on behind it: a hostile text must not have that done at its every octet.
    private const long SplitBudget = 1 << 23;

    // A value may begin with a dollar of its own, and mail may write one that names its own variable: that would be put in for ever.
    private const int MaxExpansions = 16;

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
        var hold = true;
        foreach (var condition in recipe.Conditions)
        {
            if (hold)
            {
                hold = Math.Abs(_score) >= Decisive || Holds(condition);
            }
            else if (condition.Source.Text.Length > state.LineBuffer)
            {
                // procmail: what is not asked any more is read all the same.
                programs.SayOverflow();
            }
        }

        if (_isScored)
        {
            // Something between 0 and 1 is still a score.
            state.Score = _score is > 0 and < 1 ? 1 : (int)Math.Clamp(_score, -Decisive, Decisive);
            log.Trace($"Score: {state.Score}");
        }

        return hold && (!_isScored || _score > 0);
    }

    private bool Holds(RcCondition condition)
    {
        try
        {
            return HoldsExpanded(condition);
        }
        finally
        {
            programs.Expander.RunsCommands = true;
        }
    }

    private bool HoldsExpanded(RcCondition condition)
    {
        var written = new Expanded(condition.Source.Text, []);
        for (var expansions = 0; ; expansions++)
        {
            if (condition.Source.Text.Length > state.LineBuffer || (expansions > 0 && programs.Expander.HasOverflowed))
            {
                programs.SayOverflow();
                return false;
            }

            _isScored |= condition.Prefix.Weight is not null;
            if (condition.Test is not RcExpansion expansion)
            {
                return MayRun(condition, written) && Decide(condition, isExpanded: expansions > 0);
            }

            if (expansions == MaxExpansions)
            {
                log.Say($"Endless substitution in the condition at {state.RcFile}:{condition.Source.At}; $\\NAME takes a value literally");
                return false;
            }

            var wasFromMail = written.FromMail.Count > 0;
            written = programs.Expander.Quoted(expansion.Raw);
            written = wasFromMail ? written with { FromMail = Expanded.Whole } : written;
            programs.Expander.RunsCommands = options.IsStrict || written.FromMail.Count == 0;
            condition = RcConditionParser.ParseExpanded(condition, written.Text);
        }
    }

    // "* $ $NAME" makes a command of a value that begins with a question mark, and "* $ ? program $NAME" gives the value to the shell as
    // part of its line. procmail runs what a message has written so.
    private bool MayRun(RcCondition condition, Expanded written)
    {
        if (condition.Test is not RcProgramTest test || options.IsStrict)
        {
            return true;
        }

        var mark = written.Text.Length - condition.Source.Text.Length + condition.TestAt;
        if (!written.IsFromMail(mark) && !written.MayBreakCommand)
        {
            return true;
        }

        log.Deviate("L40", $"\"{test.Command.Trim()}\" is not run: the message wrote it in part; the condition does not hold");
        return false;
    }

    private bool Decide(RcCondition condition, bool isExpanded) => condition.Test switch
    {
        RcProgramTest test => DecideProgram(condition.Prefix, test.Command),
        RcSizeTest size => DecideSize(condition.Prefix, size),
        RcRegexTest regex => DecideRegex(condition.Prefix, regex.Pattern, isExpanded),
        var other => throw new InvalidOperationException($"cannot evaluate a condition of type {other.GetType().Name}"),
    };

    private bool DecideRegex(RcPrefix prefix, string pattern, bool isExpanded)
    {
        var ignoresCase = !_flags.HasAny(RcFlags.CaseCounts);
        var regex = isExpanded ? RecipeRegex.Parse(pattern, ignoresCase) : program.Expression(pattern, ignoresCase);
        if (!regex.IsValid)
        {
            log.Say($"Invalid regexp \"{pattern}\"");
        }

        var text = TextOf(prefix.Area);
        if (prefix.Weight is { } weight)
        {
            AddMatches(regex, text, weight, prefix.IsNegated);
            return true;
        }

        var match = regex.Find(text);
        Trace(prefix, match is not null, pattern);
        Keep(match, text);
        return match is not null != prefix.IsNegated;
    }

    // Each match adds the weight, times x a power more. One that consumes nothing would match for ever: the series is summed at once.
    private void AddMatches(RecipeRegex regex, ReadOnlySpan<byte> text, RcWeight weight, bool isNegated)
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
            var end = Math.Max(from, Math.Min(found.End, text.Length));
            state.Variables.Set("MATCH", Octets.ToText(text[from..end]), Expanded.Whole);
        }
    }

    private bool DecideProgram(RcPrefix prefix, string command)
    {
        // A program is given what an expression would be matched with: folded fields are one line for it too.
        ReadOnlyMemory<byte> part = TextOf(prefix.Area).ToArray();
        var input = RecipePrograms.Input(part, isRaw: false);
        var parsed = programs.Parse(command.TrimStart(' ', '\t'));
        var outcome = programs.Run(parsed, input, ProgramOutput.Discarded, waits: true);
        var status = outcome.Status ?? 0;
        state.LastSize = input.Sum(i => (long)i.Length);
        if (status != 0)
        {
            log.Failure(status, parsed.Name, isQuiet: true);
        }

        Trace(prefix, status == 0, command);
        if (prefix.Weight is not { } weight)
        {
            return status == 0 != prefix.IsNegated;
        }

        // Negated, the status counts as a number of matches.
        _score += prefix.IsNegated ? Series(weight, status) : status == 0 ? weight.Base : weight.Factor;
        return true;
    }

    private static double Series(RcWeight weight, int count)
    {
        var (sum, worth) = (0.0, weight.Base);
        for (var i = 0; i < count; i++, worth *= weight.Factor)
        {
            sum += worth;
        }

        return sum;
    }

    private bool DecideSize(RcPrefix prefix, RcSizeTest test)
    {
        var word = programs.Expander.Text("<" + test.Limit).Text[1..].TrimStart(' ');
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
        var size = prefix.Area is { } area ? TextOf(area).Length : state.Message.Octets.Length;
        if (prefix.Weight is { } weight)
        {
            var ratio = test.IsLarger ? size / limit : limit / size;
            _score += double.IsNaN(ratio) ? 0 : weight.Base * Math.Pow(ratio, weight.Factor);
            return true;
        }

        var holds = test.IsLarger ? size > limit : size < limit;
        Trace(prefix, holds, $"{(test.IsLarger ? '>' : '<')} {word}");
        return holds != prefix.IsNegated;
    }

    private void Trace(RcPrefix prefix, bool holds, string text) =>
        log.Trace($"{(holds ? "Match" : "No match")} on {(prefix.IsNegated ? "! " : "")}\"{text}\"");

    private ReadOnlySpan<byte> TextOf(RcArea? area) => area?.Variable is { } name ? Octets.ToBytes(state.Variables.Text(name))
        : ((area?.Parts ?? _flags) & (RcFlags.Header | RcFlags.Body)) switch
        {
            RcFlags.Body => state.Message.Body.Span,
            RcFlags.Header | RcFlags.Body => state.Message.Joined,
            _ => state.Message.JoinedHeader,
        };
}
