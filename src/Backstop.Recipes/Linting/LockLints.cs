using System.Text;
using System.Text.RegularExpressions;
using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Locks that are missing, useless or in the way.</summary>
internal static partial class LockLints
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

    /// <summary>The first folder of an action, quotes and backslashes taken off.</summary>
    public static string FirstName(RcFolderAction folder)
    {
        var text = folder.Names.Text;
        var name = new StringBuilder();
        var quote = '\0';
        for (var at = 0; at < text.Length && (quote != '\0' || text[at] is not (' ' or '\t')); at++)
        {
            if (text[at] == '\\' && quote != '\'' && at + 1 < text.Length)
            {
                name.Append(text[++at]);
            }
            else if (text[at] == quote || (quote == '\0' && text[at] is '"' or '\''))
            {
                quote = quote == '\0' ? text[at] : '\0';
            }
            else
            {
                name.Append(text[at]);
            }
        }

        return name.ToString();
    }

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

    // Not an mbox: names that other findings explain, and those that only the run knows.
    private static bool IsMbox(string name) => name.Length > 0 && name != "/dev/null" && name[0] is not ('|' or '^' or '{' or '$' or ':');

    private static void LookAtPipe(LintContext context, RcRecipe recipe, RcPipeAction pipe)
    {
        var command = pipe.Command.Text;
        if (recipe.Has(RcFlags.Filter))
        {
            if (!WritesFile(command))
            {
                // Another name may be that of a file which the program changes.
                var isScanner = recipe.Lock!.Text.Length == 0 || Scanner().IsMatch(command + " " + context.Plain(command.TrimStart()));
                context.FindInHead("L01", recipe, keepsLock: false, level: isScanner ? LintLevel.Warning : LintLevel.Hint);
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

    // Spam and virus filters: each mail waits for the one before it.
    [GeneratedRegex(
        "spam|bogofilter|\\bbmf\\b|dspam|\\bcrm|sb_filter|ifile|\\bqsf\\b|bsfilter|annoyance|razor|clam|amavis",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Scanner();

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
