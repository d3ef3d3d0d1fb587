using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Findings about the file as a whole.</summary>
internal static class FileLints
{
    public static void Look(LintContext context)
    {
        var runsPrograms = context.Recipes.Exists(r => r.Action is RcPipeAction or RcForwardAction || r.Lock is not null);
        if (runsPrograms && !context.Assigned.ContainsKey("TIMEOUT"))
        {
            // A file that others include leaves the time to them.
            var level = IsMainFile(context) ? LintLevel.Warning : LintLevel.Hint;
            context.Find("L37", new(1, 1), "TIMEOUT=300", new(new(1, 1), 0, "TIMEOUT=300\n"), level);
        }

        LookAtNames(context);
    }

    /// <summary>Whether a file is read by itself, as far as its name and what it sets tell, and not included by another.</summary>
    public static bool IsMainFile(LintContext context) =>
        Path.GetFileName(context.File.Path).EndsWith("procmailrc", StringComparison.Ordinal)
        || context.Assigned.ContainsKey("DEFAULT") || context.Assigned.ContainsKey("MAILDIR");

    // A lockfile is removed by the name it was made by, when MAILDIR may be another. Rcfiles and logs are opened at once.
    private static void LookAtNames(LintContext context)
    {
        if (!context.Assigned.TryGetValue("MAILDIR", out var changes))
        {
            return;
        }

        foreach (var assignment in context.Assigned.Where(a => a.Key is "LOCKFILE").SelectMany(a => a.Value))
        {
            var value = assignment.Value.Text.Trim('"', '\'');
            var later = changes.Find(c => c.At.Line > assignment.At.Line);
            if (value.Length > 0 && value[0] is not ('/' or '$' or '`' or '~') && later is not null)
            {
                context.Find("L38", assignment.At, $"{assignment.Name}=$HOME/{value}");
            }
        }
    }
}
