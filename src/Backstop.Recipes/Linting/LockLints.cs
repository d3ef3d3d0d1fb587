using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Locks that are missing, useless or in the way.</summary>
internal static class LockLints
{
    public static void Look(LintContext context, RcRecipe recipe)
    {
        switch (recipe.Action)
        {
            case RcFolderAction folder:
                LookAtFolder(context, recipe, FirstName(folder));
                break;
            case RcPipeAction pipe when recipe.Lock is not null:
                LookAtPipe(context, recipe, pipe);
                break;
            case RcBlockAction when recipe.Lock is not null && !recipe.Has(RcFlags.Copy):
                context.FindInHead("L09", recipe, keepsLock: false);
                break;
        }
    }

    /// <summary>The first folder of an action.</summary>
    public static string FirstName(RcFolderAction folder) => folder.Names.Text.Split([' ', '\t'], 2)[0].Trim('"', '\'');

    /// <summary>Whether a name means a directory rather than an mbox, as far as the name tells.</summary>
    public static bool IsDirectory(string name) =>
        name.EndsWith('/') || name.EndsWith("/.", StringComparison.Ordinal) || name.EndsWith("/new", StringComparison.Ordinal);

    private static void LookAtFolder(LintContext context, RcRecipe recipe, string written)
    {
        var name = context.Plain(written);
        if (recipe.Lock is not null && IsDirectory(name))
        {
            context.FindInHead("L03", recipe, keepsLock: false);
        }
        else if (recipe.Lock is null && !IsDirectory(name) && IsMbox(name))
        {
            context.FindInHead("L02", recipe, keepsLock: false, lockName: "");
        }
    }

    // What another lint explains better, or nobody can know, is no mbox.
    private static bool IsMbox(string name) => name.Length > 0 && name != "/dev/null" && name[0] is not ('|' or '^' or '{' or '$' or ':');

    private static void LookAtPipe(LintContext context, RcRecipe recipe, RcPipeAction pipe)
    {
        var command = pipe.Command.Text;
        if (recipe.Has(RcFlags.Filter))
        {
            if (!WritesFile(command))
            {
                context.FindInHead("L01", recipe, keepsLock: false);
            }

            return;
        }

        if (recipe.Lock!.Text.Length == 0 && !command.Contains(">>", StringComparison.Ordinal))
        {
            context.FindInHead("L10", recipe, keepsLock: false, lockName: FirstWord(command) + "$LOCKEXT");
        }

        if (!recipe.Has(RcFlags.Wait | RcFlags.WaitQuietly) && pipe.Variable is null)
        {
            // procmail 3.22 waits all the same, as with W; its manual says otherwise.
            context.FindInHead("L11", recipe, add: "w", level: LintLevel.Hint);
        }
    }

    private static bool WritesFile(string command) =>
        command.Replace(">/dev/null", "", StringComparison.Ordinal).Replace(">&", "", StringComparison.Ordinal)
            .Contains('>', StringComparison.Ordinal)
        || command.Contains("tee ", StringComparison.Ordinal) || command.Contains(" -D", StringComparison.Ordinal);

    private static string FirstWord(string command)
    {
        var word = command.Trim().Split([' ', '\t'], 2)[0];
        word = word[(word.LastIndexOf('/') + 1)..];
        return word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? word : "program";
    }
}
