using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>Whose a mailbox is, on a host with several users.</summary>
internal static class MailboxUser
{
    /// <summary>Returns the user that a mailbox is written as; null for the user of the server.</summary>
    /// <param name="mailbox">A mailbox that was checked.</param>
    public static UserAccount? Of(MailboxOptions mailbox) =>
        mailbox.User.Length == 0 ? OwnerOf(mailbox.Path)
        : UserAccount.NumberOf(mailbox.User) is { } number && number != FileOwner.Me ? UserAccount.Find((int)number)
        : null;

    /// <summary>
    /// Returns the user, other than root, who owns a path or the nearest folder above it that exists; null where this process is not
    /// root, or nobody does.
    /// </summary>
    /// <param name="path">A mailbox; empty for one that the server keeps.</param>
    public static UserAccount? OwnerOf(string path) => NumberOfOwner(path) is { } owner ? UserAccount.Find((int)owner) : null;

    /// <summary>Returns the mailboxes that root writes, where this process is root.</summary>
    /// <param name="options">A configuration that was checked.</param>
    public static IReadOnlyList<string> Roots(BackstopOptions options) =>
        FileOwner.Me != 0 ? [] : [.. options.Mailboxes.Where(m => Of(m.Value) is null).Select(m => m.Key)];

    /// <summary>Checks that a mailbox has a user that this process can deliver as.</summary>
    public static void Check(MailboxOptions mailbox, IConfigProblems problems, string key)
    {
        if (mailbox.User.Length == 0)
        {
            CheckOwner(mailbox.Path, problems, key + ".path");
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

    private static void CheckOwner(string path, IConfigProblems problems, string key)
    {
        if (NumberOfOwner(path) is { } owner && (UserAccount.Find((int)owner) is not { } account || IsRoot(account)))
        {
            problems.Add(
                key,
                $"{path} belongs to user {owner}, as whom no mail is delivered; write the mailbox's user beside it, or change the owner");
        }
    }

    private static bool IsRoot(UserAccount account) => account.User == 0 || account.Group == 0;

    private static uint? NumberOfOwner(string path)
    {
        if (FileOwner.Me != 0 || path.Length == 0)
        {
            return null;
        }

        for (var place = Path.GetFullPath(path); place is not null; place = Path.GetDirectoryName(place))
        {
            if (FileOwner.Of(place) is { } owner)
            {
                return owner.User == 0 ? null : owner.User;
            }
        }

        return null;
    }
}
