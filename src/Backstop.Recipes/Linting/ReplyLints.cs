using System.Text.RegularExpressions;
using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Recipes that send mail: they must not answer bounces, nor go round in circles.</summary>
internal static partial class ReplyLints
{
    public static void Look(LintContext context, RcRecipe recipe)
    {
        if (recipe.Action is RcForwardAction && !recipe.Has(RcFlags.Filter))
        {
            LookAtLoop(context, recipe);
            if (!KnowsDaemons(context, recipe))
            {
                // Who writes, about what or to which list is asked for: few bounces get here.
                Insert(
                    context, "L24", recipe, "* !^FROM_MAILER",
                    FileLints.IsMainFile(context) && !NamesPeople(context, recipe) ? LintLevel.Warning : LintLevel.Hint);
            }
        }
        else if (recipe.Action is RcPipeAction { Variable: null } pipe && !recipe.Has(RcFlags.Filter) && Answers(pipe.Command.Text))
        {
            LookAtLoop(context, recipe);
            if (!KnowsDaemons(context, recipe))
            {
                Insert(context, "L23", recipe, "* !^FROM_DAEMON\n* !^Auto-Submitted: *auto\n* !^Return-Path: *<>");
            }
        }
    }

    public static bool Answers(string command) =>
        command.Contains("vacation", StringComparison.Ordinal)
        || ((command.Contains("$SENDMAIL", StringComparison.Ordinal) || command.Contains("sendmail", StringComparison.Ordinal))
            && (MakesReply().IsMatch(command) || command.Contains(" -t", StringComparison.Ordinal)));

    // formail without -r only changes fields: what comes out is sent on.
    [GeneratedRegex("(?:formail|FORMAIL)[^|;]*[ \\t]-[bcefkntzY]*r", RegexOptions.NonBacktracking)]
    private static partial Regex MakesReply();

    private static void LookAtLoop(LintContext context, RcRecipe recipe)
    {
        if (!context.AllConditions(recipe).Any(IsLoopGuard) && !FollowsGuard(context, recipe) && !HasGuardBefore(context, recipe))
        {
            context.Find(
                "L22", recipe.Action!.At, "* !^X-Loop: me@example\\.org before it, and formail -A \"X-Loop: me@example.org\" in it",
                level: FileLints.IsMainFile(context) ? LintLevel.Warning : LintLevel.Hint);
        }
    }

    // A variable with such a name holds the field.
    private static bool IsLoopGuard(string condition) =>
        condition.Contains("X-Loop", StringComparison.OrdinalIgnoreCase) || condition.Contains("XLOOP", StringComparison.OrdinalIgnoreCase);

    // Mail that was here before is filed, or the file left, further up.
    private static bool HasGuardBefore(LintContext context, RcRecipe recipe) =>
        context.Recipes.TakeWhile(r => r.At.Line < recipe.At.Line)
            .Any(r => r.Conditions.Any(c => IsLoopGuard(c.Source.Text) && !c.Source.Text.TrimStart().StartsWith('!')));

    private static bool NamesPeople(LintContext context, RcRecipe recipe) =>
        context.AllConditions(recipe).Any(c => People().IsMatch(c.TrimStart(' ', '\t', '$')));

    // A condition that begins with a variable is assumed to name people too.
    [GeneratedRegex(
        @"^(?:\^?\(?(?:From|Sender|Subject|Reply-To|To|Cc|X-Mailing-List|X-BeenThere|Mailing-List)[|):*. ]|\^TO|\^List-|\(?\$)",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex People();

    private static bool KnowsDaemons(LintContext context, RcRecipe recipe) =>
        context.AllConditions(recipe).Any(c =>
            c.Contains("FROM_DAEMON", StringComparison.Ordinal) || c.Contains("FROM_MAILER", StringComparison.Ordinal)
            || c.Contains("Return-Path", StringComparison.OrdinalIgnoreCase)) || FollowsGuard(context, recipe);

    // A recipe with A, a or e runs only if the recipe before it did.
    private static bool FollowsGuard(LintContext context, RcRecipe recipe) =>
        recipe.Has(RcFlags.Also | RcFlags.AlsoIfSuccess | RcFlags.OnError)
        && context.Before.OfType<RcRecipe>().LastOrDefault() is { } before
        && before.Conditions.Select(c => c.Source.Text)
            .Any(c => c.Contains("FROM_", StringComparison.Ordinal) || c.Contains("X-Loop", StringComparison.OrdinalIgnoreCase));

    private static void Insert(
        LintContext context, string id, RcRecipe recipe, string conditions, LintLevel level = LintLevel.Warning)
    {
        var indent = new string(' ', recipe.At.Column - 1);
        var end = new RcPosition(recipe.Head.At.Line, recipe.Head.At.Column + recipe.Head.Text.Length);
        var lines = "\n" + string.Join('\n', conditions.Split('\n').Select(c => indent + c));
        context.Find(
            id, recipe.At, conditions.Replace("\n", "  ", StringComparison.Ordinal), recipe.IsCounted ? null : new(end, 0, lines), level);
    }
}
