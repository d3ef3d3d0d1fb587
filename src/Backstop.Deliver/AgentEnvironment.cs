using Backstop.Mailboxes.Mbox;
using Backstop.Posix;

namespace Backstop.Deliver;

/// <summary>What variables a delivery begins with (procmailrc(5), "Environment").</summary>
internal static class AgentEnvironment
{
    /// <summary>The variables for a user.</summary>
    /// <param name="account">The user.</param>
    /// <param name="host">This host's name.</param>
    /// <param name="kept">The caller's environment, where it is kept.</param>
    /// <param name="isGeneralFilter">With -m nothing says where mail goes but the rcfile.</param>
    /// <param name="isHere">Whether relative names are relative to where we are.</param>
    public static Dictionary<string, string> For(UserAccount account, string host, IReadOnlyDictionary<string, string>? kept, bool isGeneralFilter, bool isHere)
    {
        var variables = kept is null ? new(StringComparer.Ordinal) : new Dictionary<string, string>(kept, StringComparer.Ordinal);
        if (kept is null && Environment.GetEnvironmentVariable("TZ") is { } zone)
        {
            variables["TZ"] = zone;
        }

        variables["LOGNAME"] = account.Name;
        variables["HOME"] = account.Home;
        variables["SHELL"] = IsBourne(account.Shell) ? account.Shell : "/bin/sh";
        variables.TryAdd("PATH", $"{account.Home}/bin:/usr/local/bin:/usr/bin:/bin");
        variables["HOST"] = host;
        variables["MAILDIR"] = isHere ? "." : account.Home;
        foreach (var (name, value) in _defaults)
        {
            variables[name] = value;
        }

        if (!isGeneralFilter)
        {
            variables["ORGMAIL"] = MailboxOf(account);
            variables["DEFAULT"] = variables["ORGMAIL"];
        }

        return variables;
    }

    private static readonly (string, string)[] _defaults =
    [
        ("SHELLMETAS", "&|<>~;?*["),
        ("SHELLFLAGS", "-c"),
        ("SENDMAIL", "/usr/sbin/sendmail"),
        ("SENDMAILFLAGS", "-oi"),
        ("LOCKEXT", ".lock"),
        ("MSGPREFIX", "msg."),
        ("LINEBUF", "2048"),
        ("PROCMAIL_VERSION", "3.23pre"),
    ];

    /// <summary>Where a user's mail lies on Debian.</summary>
    public static string MailboxOf(UserAccount account) => $"/var/mail/{account.Name}";

    /// <summary>The separator line of an mbox, as procmail spaces it.</summary>
    public static string FromLine(string sender, DateTimeOffset now) =>
        $"From {sender}  {MboxSeparator.Date(now)}\n";

    // Recipes are written for sh; a login shell of another family reads them wrongly, and nologin not at all.
    private static bool IsBourne(string shell) => shell[(shell.LastIndexOf('/') + 1)..] is "sh" or "bash" or "dash" or "ksh" or "zsh" or "ash";
}
