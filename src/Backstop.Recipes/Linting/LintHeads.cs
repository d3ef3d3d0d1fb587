using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>Rewrites a recipe's first line.</summary>
internal static class LintHeads
{
    /// <summary>The first line with other flags or another lock.</summary>
    /// <param name="recipe">The recipe whose first line is rewritten.</param>
    /// <param name="add">A flag to add.</param>
    /// <param name="remove">Flags to remove.</param>
    /// <param name="lockName">The lock: null for none, "" for the one that follows from the action.</param>
    public static string Write(RcRecipe recipe, string add, string remove, string? lockName)
    {
        // Behind ":0" stand flags, and behind the next colon the lock.
        var head = recipe.Head.Text;
        var comment = CommentOf(head);
        head = head[..^comment.Length];
        var colon = head.IndexOf(':', 1);
        var front = (colon < 0 ? head : head[..colon]).TrimEnd();
        var first = front.AsSpan(1).IndexOfAnyExcept(' ', '\t') + 1;
        if (first > 0 && front[first] is 'O' or 'o')
        {
            // The letter was meant for the digit.
            front = ":0" + front[(first + 1)..];
        }

        var digits = 1;
        while (digits < front.Length && (front[digits] is ' ' or '\t' || char.IsAsciiDigit(front[digits])))
        {
            digits++;
        }

        var flags = string.Concat(front[digits..].Where(c => c is not (' ' or '\t') && !remove.Contains(c, StringComparison.Ordinal)))
            + add;
        var number = front[..digits].TrimEnd();
        return number + (flags.Length > 0 ? " " + flags : "")
            + (lockName is null ? "" : lockName.Length == 0 ? ":" : ": " + lockName) + comment;
    }

    // With the blanks before it.
    private static string CommentOf(string head)
    {
        for (var at = head.IndexOf('#', StringComparison.Ordinal); at > 0; at = head.IndexOf('#', at + 1))
        {
            if (head[at - 1] is ' ' or '\t')
            {
                return head[head[..at].TrimEnd(' ', '\t').Length..];
            }
        }

        return "";
    }

    /// <summary>Adds a finding that is mended by another first line.</summary>
    public static void FindInHead(
        this LintContext context, string id, RcRecipe recipe, string add = "", string remove = "", bool keepsLock = true,
        string? lockName = null, LintLevel level = LintLevel.Warning)
    {
        if (recipe.HasVariableFlags)
        {
            // Which flags there are is known when the recipe runs.
            return;
        }

        var mended = Write(recipe, add, remove, keepsLock ? recipe.Lock?.Text : lockName);
        context.Find(id, recipe.At, mended, new(recipe.Head.At, recipe.Head.Text.Length, mended), level);
    }
}
