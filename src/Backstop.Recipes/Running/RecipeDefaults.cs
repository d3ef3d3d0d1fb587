using System.Collections.Frozen;
using System.Globalization;

namespace Backstop.Recipes.Running;

/// <summary>
/// The variables that recipes begin with wherever they run (procmailrc(5), "Environment"), and what stands in for those a file takes away.
/// </summary>
public static class RecipeDefaults
{
    /// <summary>SHELL, for whoever has no login shell that reads sh.</summary>
    public const string Shell = "/bin/sh";

    /// <summary>PATH, to which each runner adds the folders of its own.</summary>
    public const string Path = "/usr/local/bin:/usr/bin:/bin";

    internal const string ShellMetas = "&|<>~;?*[";
    internal const string ShellFlags = "-c";
    internal const string Sendmail = "/usr/sbin/sendmail";
    internal const string SendmailFlags = "-oi";
    internal const string LockExtension = ".lock";
    internal const string MessagePrefix = "msg.";
    internal const int LineBuffer = 2048;

    /// <summary>The variables that are the same for every message: no sender has written them.</summary>
    internal static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.Ordinal,
        "HOME", "MAILDIR", "LOGNAME", "HOST", "SHELL", "PATH", "TZ", "COMSAT", "SHELLMETAS", "SHELLFLAGS", "SENDMAIL", "SENDMAILFLAGS",
        "LOCKEXT", "MSGPREFIX", "LINEBUF", "PROCMAIL_VERSION", "ORGMAIL", "DEFAULT", "LOGFILE", "LOGABSTRACT", "VERBOSE", "UMASK",
        "TIMEOUT", "LOCKSLEEP", "LOCKTIMEOUT", "SUSPEND", "NORESRETRY", "TRAP", "LOCKFILE", "INCLUDERC", "SWITCHRC");

    // What rcfiles that ask for the version are written against.
    private const string Version = "3.23pre";

    /// <summary>Sets the variables that are the same for a delivery agent and a server; PATH is left to them.</summary>
    /// <param name="variables">The variables are added here; those of the same name are replaced.</param>
    /// <param name="home">The user's home, absolute; MAILDIR too.</param>
    /// <param name="logName">The user's name.</param>
    /// <param name="hostName">This host's name.</param>
    /// <param name="inbox">The folder for mail that no recipe delivers; null if only the rcfile names one.</param>
    public static void Set(IDictionary<string, string> variables, string home, string logName, string hostName, string? inbox)
    {
        ArgumentNullException.ThrowIfNull(variables);
        variables["HOME"] = home;
        variables["MAILDIR"] = home;
        variables["LOGNAME"] = logName;
        variables["HOST"] = hostName;
        variables["SHELL"] = Shell;
        variables["SHELLMETAS"] = ShellMetas;
        variables["SHELLFLAGS"] = ShellFlags;
        variables["SENDMAIL"] = Sendmail;
        variables["SENDMAILFLAGS"] = SendmailFlags;
        variables["LOCKEXT"] = LockExtension;
        variables["MSGPREFIX"] = MessagePrefix;
        variables["LINEBUF"] = LineBuffer.ToString(CultureInfo.InvariantCulture);
        variables["PROCMAIL_VERSION"] = Version;
        if (inbox is not null)
        {
            variables["ORGMAIL"] = inbox;
            variables["DEFAULT"] = inbox;
        }
    }
}
