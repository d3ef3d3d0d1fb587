using System.Text;
using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Finds what is wrong with an rcfile.</summary>
public static class RcLinter
{
    /// <summary>Lists what is wrong with an rcfile, in the order of its lines.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="text">Its text, one char an octet.</param>
    /// <returns>Findings in the order of the file.</returns>
    public static IReadOnlyList<LintFinding> Lint(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        // With CR LF nothing else can be judged: it is read as if it were mended.
        var plain = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        var context = new LintContext(RcParser.Parse(path, plain), plain);
        if (plain.Length != text.Length)
        {
            context.Find("L30", new(1, 1), "line ends of LF alone");
        }

        Walk(context, context.File.Statements);
        FileLints.Look(context);
        return [.. context.Findings.OrderBy(f => f.At.Line).ThenBy(f => f.At.Column).ThenBy(f => f.Id, StringComparer.Ordinal)];
    }

    /// <summary>Returns the text with all mendings that need no decision by a person.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="text">Its text, one char an octet.</param>
    /// <param name="level">The least sure findings that are mended.</param>
    public static string Mend(string path, string text, LintLevel level = LintLevel.Warning)
    {
        ArgumentNullException.ThrowIfNull(text);

        // A mended line may show what it hid: again until nothing changes, and never for ever.
        for (var round = 0; round < 8; round++)
        {
            var mended = Apply(text.Replace("\r\n", "\n", StringComparison.Ordinal), [.. Lint(path, text).Where(f => f.Level >= level)]);
            if (mended == text)
            {
                break;
            }

            text = mended;
        }

        return text;
    }

    private static string Apply(string text, IReadOnlyList<LintFinding> findings)
    {
        var starts = new List<int> { 0 };
        for (var at = text.IndexOf('\n', StringComparison.Ordinal); at >= 0; at = text.IndexOf('\n', at + 1))
        {
            starts.Add(at + 1);
        }

        var output = new StringBuilder();
        var done = 0;
        foreach (var (offset, edit) in findings.Where(f => f.Edit is not null)
            .Select(f =>
            (Offset: starts[f.Edit!.At.Line - 1] + f.Edit.At.Column - 1, f.Edit)).OrderBy(e => e.Offset).ThenBy(e => e.Edit.Length))
        {
            // Two changes in one place: the second is made in the next round.
            if (offset >= done)
            {
                output.Append(text.AsSpan(done, offset - done)).Append(edit.Text);
                done = offset + edit.Length;
            }
        }

        return output.Append(text.AsSpan(done)).ToString();
    }

    private static void Walk(LintContext context, IReadOnlyList<RcStatement> statements)
    {
        foreach (var statement in statements)
        {
            switch (statement)
            {
                case RcRecipe recipe:
                    LockLints.Look(context, recipe);
                    FlagLints.Look(context, recipe);
                    ConditionLints.Look(context, recipe);
                    ActionLints.Look(context, recipe);
                    ReplyLints.Look(context, recipe);
                    if (recipe.Action is RcBlockAction block)
                    {
                        context.Within(recipe, () => Walk(context, block.Statements));
                    }

                    break;
                default:
                    StatementLints.Look(context, statement);
                    break;
            }

            context.Before.Add(statement);
        }
    }
}
