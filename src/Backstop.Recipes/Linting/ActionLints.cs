using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Actions that go somewhere else than they seem to.</summary>
internal static class ActionLints
{
    public static void Look(LintContext context, RcRecipe recipe)
    {
        switch (recipe.Action)
        {
            case RcFolderAction folder:
                LookAtFolder(context, recipe, folder, folder.Names.Text);
                break;
            case RcBlockAction { IsClosed: false } block:
                context.Find("L31", block.At, "close this { with a }");
                break;
            case RcPipeAction pipe when IsDuplicateCheck(pipe.Command.Text) && !recipe.Has(RcFlags.Copy):
                context.Find("L33", pipe.At, "check a copy (flag c), then file duplicates in a folder (flag a)");
                break;
        }
    }

    private static void LookAtFolder(LintContext context, RcRecipe recipe, RcFolderAction folder, string name)
    {
        var edit = new LintEdit(folder.Names.At, name.Length, "");
        if (name.StartsWith('^'))
        {
            context.Find("L16", folder.At, "* " + name, edit with { Text = "* " + name });
        }
        else if (name.StartsWith(':'))
        {
            context.Find("L39", folder.At, "give the recipe before an action");
        }
        else if (name.StartsWith('{'))
        {
            var mended = name.EndsWith('}') && name.Length > 1 ? $"{{ {name[1..^1].Trim()} }}" : "{ " + name[1..];
            context.Find("L17", folder.At, mended, edit with { Text = mended });
        }
        else if (MaildirPart(context.Plain(LockLints.FirstName(folder))))
        {
            var shown = MaildirPart(name) ? name : context.Plain(LockLints.FirstName(folder));
            var cut = shown[..(shown.LastIndexOf('/') + 1)];
            context.Find("L32", folder.At, cut, MaildirPart(name) ? edit with { Text = cut } : null);
        }
        else if (name.StartsWith("~/", StringComparison.Ordinal))
        {
            context.Find("L36", folder.At, "$HOME" + name[1..], edit with { Text = "$HOME" + name[1..] });
        }
        else if (name == "/dev/null" && IsLoose(context, recipe))
        {
            // Without a condition nothing is left to chance: what gets here is not wanted.
            var isMeant = !context.AllConditions(recipe).Any();
            context.Find(
                "L28", folder.At, "deliver to a folder to look through, or score several conditions",
                level: isMeant ? LintLevel.Hint : LintLevel.Warning,
                why: isMeant ? "all mail that gets here is discarded for good" : null);
        }
    }

    public static bool MaildirPart(string name) => name.TrimEnd('"', '\'') is var n
        && (
        n.EndsWith(
            "/new", StringComparison.Ordinal) || n.EndsWith(
                "/cur", StringComparison.Ordinal) || n.EndsWith("/tmp", StringComparison.Ordinal))
        && n != "/tmp";

    // One expression that is not even tied to a field. A copy kept before makes it harmless.
    private static bool IsLoose(LintContext context, RcRecipe recipe)
    {
        var conditions = context.AllConditions(recipe).ToList();
        return conditions.Count <= 1 && !recipe.Has(RcFlags.Also | RcFlags.AlsoIfSuccess | RcFlags.Else | RcFlags.OnError)
            && context.Outer.Append(recipe).SelectMany(r => r.Conditions)
                .All(c => c.Written.Test is RcRegexTest && c.Written.Prefix.Area?.Variable is null)
            && !conditions.Exists(c => c.Contains('^', StringComparison.Ordinal))
            && !context.Before.OfType<RcRecipe>().Any(r => r.Conditions.Count == 0 && r.Has(RcFlags.Copy) && r.Action is RcFolderAction);
    }

    /// <summary>
    /// Whether a command is <c>formail -D length file</c>, with the option alone or among others, and makes no answer (-r).
    /// </summary>
    public static bool IsDuplicateCheck(string command)
    {
        var words = command.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return command.Contains("formail", StringComparison.Ordinal)
            && words.Where((w, i) => i + 1 < words.Length && words[i + 1][0] is (>= '0' and <= '9') or '$'
                && w.Length > 1 && w[0] == '-' && w.EndsWith('D') && w.Skip(1).All(char.IsAsciiLetter)
                && !w.Contains('r', StringComparison.Ordinal)).Any();
    }
}
