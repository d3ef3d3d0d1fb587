using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Findings about assignments and other lines outside recipes.</summary>
internal static class StatementLints
{
    private static readonly System.Buffers.SearchValues<char> _substitutionMarks = System.Buffers.SearchValues.Create("}%#/,:-+=?[");

    public static void Look(LintContext context, RcStatement statement)
    {
        switch (statement)
        {
            case RcSkipped skipped when skipped.Text.StartsWith('*'):
                context.Find("L34", skipped.At, $":0\n{skipped.Text}");
                break;
            case RcUnclosed unclosed:
                context.Find("L31", unclosed.At, "close the quote");
                break;
            case RcAssignment assignment:
                LookAtAssignment(context, assignment);
                break;
            case RcUnset { Name: "HOST" } unset:
                LookAtHost(context, unset.At, LintLevel.Hint);
                break;
        }
    }

    private static void LookAtAssignment(LintContext context, RcAssignment assignment)
    {
        var value = assignment.Value.Text;
        switch (assignment.Name)
        {
            case "EXITCODE" when value.Trim('"', '\'') is "67" or "73" or "77" or "69" or "65" or "68" or "70":
                context.Find("L25", assignment.At, "deliver it to a folder, or refuse it at SMTP time");
                break;
            case "HOST":
                // No host has such a name, and none is asked for within a block: people end a file so, on purpose.
                var isMeant = value.Contains('_', StringComparison.Ordinal) || context.Outer.Count > 0;
                LookAtHost(context, assignment.At, isMeant ? LintLevel.Hint : LintLevel.Warning);
                break;
            case "DEFAULT" or "ORGMAIL" when ActionLints.MaildirPart(value):
                var plain = value.TrimEnd('"', '\'');
                context.Find("L32", assignment.At, $"{assignment.Name}={plain[..(plain.LastIndexOf('/') + 1)]}");
                break;
        }

        LookAtSyntax(context, assignment, value);
    }

    private static void LookAtSyntax(LintContext context, RcAssignment assignment, string value)
    {
        if (value.StartsWith("~/", StringComparison.Ordinal) || value.StartsWith("\"~/", StringComparison.Ordinal))
        {
            var mended = value.Replace("~/", "$HOME/", StringComparison.Ordinal);
            context.Find("L36", assignment.Value.At, $"{assignment.Name}={mended}", new(assignment.Value.At, value.Length, mended));
        }
        else if (value.Contains("$(", StringComparison.Ordinal) && !value.StartsWith('\''))
        {
            context.Find("L36", assignment.Value.At, $"{assignment.Name}=`command`");
        }
        else if (HasShellSubstitution(value))
        {
            context.Find("L36", assignment.Value.At, $"{assignment.Name}=`a command that does it`");
        }
    }

    // ${#name}, ${name%pattern} and their like.
    private static bool HasShellSubstitution(string value)
    {
        for (var at = value.IndexOf("${", StringComparison.Ordinal); at >= 0; at = value.IndexOf("${", at + 2, StringComparison.Ordinal))
        {
            var behind = value[(at + 2)..];
            var end = behind.AsSpan().IndexOfAny(_substitutionMarks);
            if (end >= 0 && behind[end] is '%' or '#' or '/' or ',' or '[' or '=' or '?')
            {
                return true;
            }
        }

        return false;
    }

    // The exit code must be set where the mail would otherwise be gone.
    private static void LookAtHost(LintContext context, RcPosition at, LintLevel level)
    {
        if (!context.Before.OfType<RcAssignment>().Any(a => a.Name == "EXITCODE"))
        {
            context.Find("L26", at, "EXITCODE=75 before it", new(at, 0, "EXITCODE=75 "), level);
        }
    }
}
