using System.Text.RegularExpressions;
using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Flags that are missing, useless or dangerous.</summary>
internal static partial class FlagLints
{
    private const RcFlags Waits = RcFlags.Wait | RcFlags.WaitQuietly;

    public static void Look(LintContext context, RcRecipe recipe)
    {
        LookAtWords(context, recipe);
        switch (recipe.Action)
        {
            case RcPipeAction { Variable: not null } when recipe.Has(RcFlags.Copy):
                context.FindInHead("L07", recipe, remove: "c");
                break;
            case RcPipeAction pipe when recipe.Has(RcFlags.Filter):
                LookAtFilter(context, recipe, pipe);
                break;
            case RcPipeAction { Variable: null } or RcForwardAction:
                LookAtProgram(context, recipe);
                break;
            case RcFolderAction folder when context.Plain(LockLints.FirstName(folder)) is var name && name != "/dev/null":
                // What a variable names may be /dev/null.
                LookAtHalf(context, recipe, name.StartsWith('$') ? LintLevel.Hint : LintLevel.Warning);
                break;
            case RcBlockAction block when recipe.Has(RcFlags.Copy) && !Ends(block):
                context.Find(
                    "L08", recipe.At, LintHeads.Write(recipe, "", "c", recipe.Lock?.Text) + ", and c on the recipes within",
                    level: Includes(block) ? LintLevel.Hint : LintLevel.Warning);
                break;
        }
    }

    // The copy goes no further than a block that delivers whatever the mail is, or stops.
    private static bool Ends(RcBlockAction block) => block.Statements.Any(s => s switch
    {
        RcUnset { Name: "HOST" } or RcAssignment { Name: "HOST" } => true,
        RcRecipe { Action: RcFolderAction or RcForwardAction or RcPipeAction { Variable: null } } delivering =>
            delivering.Conditions.Count == 0 && !delivering.Has(RcFlags.Copy | RcFlags.Filter),
        _ => false,
    });

    // An rcfile that we do not see may deliver.
    private static bool Includes(RcBlockAction block) => block.Statements.Any(s =>
        s is RcAssignment { Name: "INCLUDERC" or "SWITCHRC" } || (s is RcRecipe { Action: RcBlockAction inner } && Includes(inner)));

    private static void LookAtFilter(LintContext context, RcRecipe recipe, RcPipeAction pipe)
    {
        if (!recipe.Has(Waits))
        {
            // What only prints a text does not fail.
            context.FindInHead("L04", recipe, add: "w", level: Prints(pipe.Command.Text) ? LintLevel.Hint : LintLevel.Warning);
        }

        if (recipe.Has(RcFlags.Copy))
        {
            context.FindInHead("L07", recipe, remove: "c");
        }

        if (recipe.Has(RcFlags.IgnoreWriteErrors) && !Prints(pipe.Command.Text))
        {
            // People write it where a program puts a text in the place of the body, and means to.
            context.FindInHead("L29", recipe, remove: "i", level: LintLevel.Hint);
        }

        if (MayGiveNothing(pipe.Command.Text))
        {
            context.Find("L06", pipe.At, $"|{pipe.Command.Text} || exit 75");
        }
    }

    private static void LookAtProgram(LintContext context, RcRecipe recipe)
    {
        // With a lock the missing w has a finding of its own.
        if (!recipe.Has(Waits | RcFlags.Copy) && recipe.Lock is null)
        {
            context.FindInHead("L05", recipe, add: "w");
        }

        // A check for duplicates keeps only what it looks at, and to succeed is to drop: that has a finding of its own. An answer is made
        // of a header, and the mail is thrown away on purpose.
        if (recipe.Action is not RcPipeAction pipe
            || !(ActionLints.IsDuplicateCheck(pipe.Command.Text) || ReplyLints.Answers(pipe.Command.Text)))
        {
            // What a program does with one half nobody knows.
            LookAtHalf(context, recipe, LintLevel.Hint);
        }
    }

    private static void LookAtHalf(LintContext context, RcRecipe recipe, LintLevel level)
    {
        if (recipe.Has(RcFlags.FeedHeader) != recipe.Has(RcFlags.FeedBody) && !recipe.Has(RcFlags.Copy))
        {
            context.FindInHead("L27", recipe, add: "c", level: level);
        }
    }

    private static bool Prints(string command) => WordOf(command) is "echo" or "printf";

    private static string WordOf(string command)
    {
        var word = command.TrimStart(' ', '\t', '(').Split([' ', '\t'], 2)[0];
        return word[(word.LastIndexOf('/') + 1)..];
    }

    // Programs that select what they print, and succeed when that is nothing.
    private static bool MayGiveNothing(string command)
    {
        var word = WordOf(command);
        return !command.Contains("||", StringComparison.Ordinal)
            && (
            word is "grep" or "egrep" or "fgrep" or "awk" or "head" or "tail" or "cut"
                || (word is "sed" && command.Contains(" -n", StringComparison.Ordinal))
                || OutputDiscarded().IsMatch(command));
    }

    // Redirecting errors alone (2>) redirects no output.
    [GeneratedRegex("(?:^|[^0-9&>]|[^0-9]1)>>?[ \t]*/dev/null", RegexOptions.NonBacktracking)]
    private static partial Regex OutputDiscarded();

    // A letter behind the second colon was meant for before it: ":0: c" locks a file named c.
    private static void LookAtWords(LintContext context, RcRecipe recipe)
    {
        if (recipe.Lock is { Text: { Length: > 0 and <= 3 } name }
            && name.All(c => RcFlagLetters.Letters.Contains(c, StringComparison.Ordinal)))
        {
            context.FindInHead("L35", recipe, add: name, keepsLock: false, lockName: "");
        }
        else if (recipe.Skipped.Count > 0)
        {
            // The rest of the line as it was meant: without the letters that are not flags.
            var rest = recipe.Skipped[0].Text;
            var colon = rest.IndexOf(':', StringComparison.Ordinal);
            var unknown = string.Concat(
                rest[..(colon < 0 ? rest.Length : colon)].Where(c =>
                    !char.IsWhiteSpace(c) && !RcFlagLetters.Letters.Contains(c, StringComparison.Ordinal)));
            context.FindInHead(
                "L35", recipe, remove: unknown, keepsLock: colon < 0, lockName: colon < 0 ? null : rest[(colon + 1)..].Trim());
        }
    }
}
