using Backstop.Mailboxes.Mbox;
using Backstop.Posix;
using Backstop.Recipes.Running;

namespace Backstop.Deliver;

/// <summary>The variables a delivery starts with (procmailrc(5), "Environment").</summary>
internal static class AgentEnvironment
{
    /// <summary>The variables for a user.</summary>
    /// <param name="account">The user.</param>
    /// <param name="host">This host's name.</param>
    /// <param name="kept">The caller's environment, where it is kept.</param>
    /// <param name="isGeneralFilter">Whether -m was given: then DEFAULT and ORGMAIL are not set.</param>
    /// <param name="isHere">Whether relative names start from the current directory instead of HOME.</param>
    public static Dictionary<string, string> For(
        UserAccount account, string host, IReadOnlyDictionary<string, string>? kept, bool isGeneralFilter, bool isHere)
    {
        var variables = kept is null ? new(StringComparer.Ordinal) : new Dictionary<string, string>(kept, StringComparer.Ordinal);
        if (kept is null && Environment.GetEnvironmentVariable("TZ") is { } zone)
        {
            variables["TZ"] = NativeText.Octets(zone);
        }

        var home = NativeText.Octets(account.Home);
        var inbox = isGeneralFilter ? null : NativeText.Octets(MailboxOf(account));
        RecipeDefaults.Set(variables, home, NativeText.Octets(account.Name), host, inbox);

        // Only for a user with a login: the login shell, ~/bin, and files relative to the current directory.
        variables["SHELL"] = IsBourne(account.Shell) ? account.Shell : RecipeDefaults.Shell;
        variables.TryAdd("PATH", $"{home}/bin:{RecipeDefaults.Path}");
        variables["MAILDIR"] = isHere ? "." : home;
        return variables;
    }

    /// <summary>The user's mbox on Debian.</summary>
    public static string MailboxOf(UserAccount account) => $"/var/mail/{account.Name}";

    /// <summary>The separator line of an mbox, as procmail spaces it.</summary>
    public static string FromLine(string sender, DateTimeOffset now) =>
        $"From {sender}  {MboxSeparator.Date(now)}\n";

    // Recipes are written for sh; a login shell of another family reads them wrongly, and nologin not at all.
    private static bool IsBourne(string shell) =>
        shell[(shell.LastIndexOf('/') + 1)..] is "sh" or "bash" or "dash" or "ksh" or "zsh" or "ash";
}
