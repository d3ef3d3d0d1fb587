using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>Whose a mailbox is, on a host with several users.</summary>
internal static class MailboxUser
{
    /// <summary>Returns the user that a mailbox is written as; null for the user of the server.</summary>
    /// <param name="mailbox">A mailbox that was checked.</param>
    /// <exception cref="IOException">The host does not know the user now: nobody else's rights may take the place of his.</exception>
    public static UserAccount? Of(MailboxOptions mailbox)
    {
        if (mailbox.User.Length == 0)
        {
            return null;
        }

        var account = UserAccount.NumberOf(mailbox.User) is { } number ? UserAccount.Find((int)number) : null;
        return account is null ? throw new IOException($"this host has no user {mailbox.User}, whose mailbox is to be written")
            : account.User == FileOwner.Me ? null
            : account;
    }

    /// <summary>
    /// Whether a user other than root owns a path or the nearest folder above it that exists, and this process is root: nothing is opened
    /// there that he may have changed into something else.
    /// </summary>
    /// <param name="path">A mailbox.</param>
    public static bool IsOfOther(string path)
    {
        if (FileOwner.Me != 0)
        {
            return false;
        }

        for (var place = Path.GetFullPath(path); place is not null; place = Path.GetDirectoryName(place))
        {
            if (FileOwner.Of(place) is { } owner)
            {
                return owner.User != 0;
            }
        }

        return false;
    }

    /// <summary>
    /// Returns the mailboxes that root writes, where this process is root; <c>@domain</c> for those that only a table knows.
    /// </summary>
    /// <param name="options">A configuration that was checked.</param>
    public static IReadOnlyList<string> Roots(BackstopOptions options) =>
        FileOwner.Me != 0 ? [] : [
            .. options.Mailboxes.Where(m => m.Value.User.Length == 0).Select(m => m.Key),
            .. options.Domain.Where(d => options.Recipients.Tables.Count > 0 && d.Value is { User: "", Path: not "" })
                .Select(d => "@" + d.Key),
        ];

    /// <summary>Checks that a mailbox has a user that this process can deliver as.</summary>
    public static void Check(MailboxOptions mailbox, IConfigProblems problems, string key)
    {
        if (mailbox.User.Length == 0)
        {
            return;
        }

        key += ".user";
        if (UserAccount.NumberOf(mailbox.User) is not { } number || UserAccount.Find((int)number) is not { } account)
        {
            problems.Add(key, $"this host has no user {mailbox.User}; write one that getent passwd lists");
        }
        else if (IsRoot(account))
        {
            problems.Add(key, $"{mailbox.User} is root, or in root's group; no mail is delivered as root: write another user");
        }
        else if (mailbox.Path.Length == 0)
        {
            problems.Add(key, $"the mailbox has no path; write one of the user's, such as path = \"{account.Home}/Maildir\"");
        }
        else if (FileOwner.Me != 0 && FileOwner.Me != number)
        {
            problems.Add(
                key, $"only root can deliver as {account.Name}, and this is user {FileOwner.Me}; start it as root, or as {account.Name}");
        }
    }

    private static bool IsRoot(UserAccount account) => account.User == 0 || account.Group == 0;
}
