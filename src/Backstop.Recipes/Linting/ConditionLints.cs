using System.Text.RegularExpressions;
using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Conditions that match something else than they seem to.</summary>
internal static partial class ConditionLints
{
    public static void Look(LintContext context, RcRecipe recipe)
    {
        foreach (var condition in recipe.Conditions)
        {
            var written = condition.Written;
            switch (written.Test)
            {
                case RcProgramTest program:
                    LookAtProgram(context, condition, program);
                    break;
                case RcSizeTest:
                    LookAtSize(context, written);
                    break;
                default:
                    LookAtRegex(context, condition.Source, BeginOfRegex(written, out var isExpanded), isExpanded);
                    break;
            }
        }
    }

    // Behind a dollar the values are in the command before it is read: the shell takes for its own what they hold.
    private static void LookAtProgram(LintContext context, RcCondition condition, RcProgramTest program)
    {
        if (condition.Test is RcExpansion && Variable().Matches(program.Command).Any(v => context.IsFromMail(v.Groups["name"].Value)))
        {
            context.Find("L40", condition.Source.At, "* ?" + program.Command + ", without the dollar: the program reads the variables");
        }
    }

    // "* $NAME": the dollar is taken away and NAME is text, but what was meant is the value.
    private static int BeginOfRegex(RcCondition written, out bool isExpanded)
    {
        var (text, at) = (written.Source.Text, written.TestAt);
        at -= at > 0 && text[at - 1] == '$' && text.AsSpan(at) is [(>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or '_' or '{', ..] ? 1 : 0;
        isExpanded = text.AsSpan(0, at).Contains('$');
        return at;
    }

    private static void LookAtRegex(LintContext context, RcText condition, int at, bool isExpanded)
    {
        var (prefix, text) = (condition.Text[..at], condition.Text[at..]);
        if (Comment().Match(text) is { Success: true } comment)
        {
            Replace(context, "L18", condition, prefix + text[..comment.Index] + "\n" + comment.Value.TrimStart());
        }

        if (text.StartsWith('\\') && text.Length > 1 && text[1] is '/' or '<' or '>')
        {
            Replace(context, "L15", condition, prefix + "()" + text);
        }

        if (Stars().IsMatch(text))
        {
            Replace(
                context, "L13", condition,
                prefix + Stars().Replace(
                    text, m => m.Groups["before"].Value + string.Concat(Enumerable.Repeat("\\*", m.Groups["stars"].Length))));
        }

        if (Dot().IsMatch(text))
        {
            var mended = prefix + Dot().Replace(text, m => DotIn().Replace(m.Value, "\\."));
            Replace(context, "L12", condition, mended, LintLevel.Hint);
        }

        LookAtForeign(context, condition, prefix, text);
        LookAtVariables(context, condition, prefix, text, isExpanded);
    }

    private static void LookAtForeign(LintContext context, RcText condition, string prefix, string text)
    {
        if (!Foreign().IsMatch(text))
        {
            return;
        }

        // Within brackets the class has brackets already.
        var mended = InBrackets().Replace(
            text, m => _classes.Where(c => c.From[0] == '\\')
                .Aggregate(m.Value, (t, c) => t.Replace(c.From, c.To[1..^1], StringComparison.Ordinal)));
        foreach (var (from, to) in _classes)
        {
            mended = mended.Replace(from, to, StringComparison.Ordinal);
        }

        mended = Repeated().Replace(
            mended,
            m => string.Concat(Enumerable.Repeat(
                m.Groups["atom"].Value, int.Parse(m.Groups["count"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture))));
        if (Foreign().IsMatch(mended) || mended == text)
        {
            context.Find("L14", condition.At, "write classes as [a-z] and repeats out");
        }
        else
        {
            Replace(context, "L14", condition, prefix + mended);
        }
    }

    private static void LookAtVariables(LintContext context, RcText condition, string prefix, string text, bool isExpanded)
    {
        foreach (Match variable in Variable().Matches(text))
        {
            var name = variable.Groups["name"].Value;
            var isInBrackets = IsInBrackets(text, variable.Index);
            if (!isExpanded && context.Assigned.ContainsKey(name))
            {
                // The dollar at the very front, which is taken away, may be meant as text: "* $NAME".
                var isAlone = variable.Index == 0 && prefix.Length == 0 && variable.Length == text.Length;
                var mended = isInBrackets ? text : text.Replace("$" + name, "$\\" + name, StringComparison.Ordinal);
                Replace(
                    context, "L20", condition, $"$ {prefix}{mended}", isAlone ? LintLevel.Hint : LintLevel.Warning, why: isInBrackets
                    ? $"variables stand for their values only behind a dollar; here the brackets have a $ and the letters of {name}"
                    : null);
                return;
            }

            if (isExpanded && variable.Index == 0 && context.IsFromMail(name) && !IsPlainMatch(context, condition, name))
            {
                Replace(context, "L40", condition, prefix + text.Replace("$" + name, "$\\" + name, StringComparison.Ordinal));
                return;
            }

            if (isExpanded && !isInBrackets
                && (name == "MATCH" || (context.Assigned.TryGetValue(name, out var values) && values.Exists(v => Acts(v.Value.Text)))))
            {
                // A match is mostly a word.
                Replace(
                    context, "L21", condition, prefix + text.Replace("$" + name, "$\\" + name, StringComparison.Ordinal),
                    name == "MATCH" ? LintLevel.Hint : LintLevel.Warning);
                return;
            }
        }
    }

    // What "\/[0-9.]+" has matched contains neither a command nor a variable.
    private static bool IsPlainMatch(LintContext context, RcText condition, string name) =>
        name == "MATCH" && context.LastMatch(condition.At) is { } pattern && PlainMatch().IsMatch(pattern);

    // A value that is plainly meant as text, an address or a host: dots in it, and nothing that only an expression has.
    private static bool Acts(string value) =>
        value.Contains('.', StringComparison.Ordinal) && value.Any(char.IsAsciiLetter)
        && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@' or '+' or '"' or '\'');

    private static void LookAtSize(LintContext context, RcCondition condition)
    {
        var text = condition.Source.Text;
        if (Size().Match(text, condition.TestAt + 1) is not { Success: true } size)
        {
            return;
        }

        var number = size.Groups["number"];
        var factor = char.ToUpperInvariant(
            size.Groups["unit"].ValueSpan[0]) switch
        { 'K' => 1024L, 'M' => 1024L * 1024, _ => 1024L * 1024 * 1024 };
        var octets = long.Parse(number.ValueSpan, System.Globalization.CultureInfo.InvariantCulture) * factor;
        Replace(
            context, "L19", condition.Source,
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{text.AsSpan(0, number.Index)}{octets}"));
    }

    private static void Replace(
        LintContext context, string id, RcText condition, string mended, LintLevel level = LintLevel.Warning, string? why = null)
    {
        // A condition that goes over several lines has another length in the file than here: that one a person mends.
        var edit = context.Lines[condition.At.Line - 1].TrimEnd(' ', '\t').EndsWith(condition.Text, StringComparison.Ordinal)
            ? new LintEdit(condition.At, condition.Text.Length, mended)
            : null;
        context.Find(id, condition.At, "* " + mended, edit, level, why);
    }

    // Within brackets $\NAME would put its parentheses among the characters.
    private static bool IsInBrackets(string text, int at)
    {
        var open = text.LastIndexOf('[', Math.Max(0, at - 1));
        return at > 0 && open >= 0 && (open == 0 || text[open - 1] != '\\') && text.IndexOf(']', open + 1, at - open - 1) < 0;
    }

    private static readonly (string From, string To)[] _classes =
    [
        ("[[:digit:]]", "[0-9]"), ("[[:alpha:]]", "[a-zA-Z]"), ("[[:alnum:]]", "[a-zA-Z0-9]"), ("[[:space:]]", "[ \t]"),
        ("[[:upper:]]", "[A-Z]"), ("[[:lower:]]", "[a-z]"),
        ("\\d", "[0-9]"), ("\\w", "[a-zA-Z0-9_]"), ("\\s", "[ \t]"),
    ];

    [GeneratedRegex(@"\s+#\s.*$", RegexOptions.None, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<before>^|[^\\*])(?<stars>\*{2,})", RegexOptions.None, 1000)]
    private static partial Regex Stars();

    [GeneratedRegex(@"(?<![\w\\\].-])(?:[A-Za-z0-9-]+\\?\.)*[A-Za-z0-9-]+(?<!\\)\.[A-Za-z]{2,}(?![\w(*+?])", RegexOptions.None, 1000)]
    private static partial Regex Dot();

    [GeneratedRegex(@"(?<!\\)\.", RegexOptions.None, 1000)]
    private static partial Regex DotIn();

    [GeneratedRegex(@"\[\[:[a-z]+:\]\]|\\[dswb](?![a-z])|[\])A-Za-z0-9.]\{[0-9]+(?:,[0-9]*)?\}", RegexOptions.None, 1000)]
    private static partial Regex Foreign();

    [GeneratedRegex(@"\[[^\[\]]*\\[dws][^\[\]]*\]", RegexOptions.NonBacktracking)]
    private static partial Regex InBrackets();

    [GeneratedRegex(@"(?<atom>\[[^\]]*\]|[A-Za-z0-9.])\{(?<count>[1-9])\}", RegexOptions.None, 1000)]
    private static partial Regex Repeated();

    [GeneratedRegex(@"(?<!\\)\$(?<name>[A-Za-z_]\w*)", RegexOptions.None, 1000)]
    private static partial Regex Variable();

    [GeneratedRegex(@"\\/\[[A-Za-z0-9.-]+\][+*]?$", RegexOptions.NonBacktracking)]
    private static partial Regex PlainMatch();

    [GeneratedRegex(@"\G\s*(?<number>[0-9]{1,9})(?<unit>[kKmMgG])[bB]?$", RegexOptions.None, 1000)]
    private static partial Regex Size();
}
