using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;

namespace Backstop.Server.Delivery;

/// <summary>
/// Finds the folder of a copy when it is delivered, by the address of its mailbox: mail that waits because a mailbox's path was wrong
/// goes to the corrected path.
/// </summary>
/// <param name="recipients">Returns the mailboxes as they are configured now.</param>
internal sealed class DeliveryTargets(Func<Recipients> recipients)
{
    private const string DeliveredTo = "Delivered-To: ";

    private (Recipients Of, Dictionary<(FolderFormat Format, string Path), Mailbox> Known)? _paths;

    /// <summary>Returns the folder of a copy, and whose it is; null where its mailbox is not configured any more.</summary>
    /// <param name="entry">The message.</param>
    /// <param name="target">The number of the copy.</param>
    /// <exception cref="IOException">The message cannot be read from the spool.</exception>
    public DeliveryPlace? Find(SpoolEntry entry, int target)
    {
        var now = recipients();
        var (folder, mailbox) = entry.AimOf(target);
        if (mailbox is not null)
        {
            return Of(now.Named(mailbox) ?? ByRecipients(now, entry, target) ?? OfTable(now, mailbox), folder.Folder);
        }

        // An entry of an earlier version, which did not store addresses: found by its path, else by the field that its header begins with.
        return Paths(now).TryGetValue((folder.Format, folder.Path), out var known) ? Of(known, folder.Folder)
            : MailAddress.TryParse(Field(SpoolLog.ReadEnvelope(entry).Targets[target].Header)) is { } address
                ? Of(now.Find(address)?.Mailbox, folder.Folder)
            : new(folder, null);
    }

    private static DeliveryPlace? Of(Mailbox? mailbox, string folder) =>
        mailbox is null ? null : new(mailbox.Folder(folder), mailbox.User);

    private static Mailbox? OfTable(Recipients now, string key) => MailAddress.TryParse(key) is { } address ? now.Default(address) : null;

    // The mailbox was renamed: a recipient may name the new one. A catch-all does not get mail that was accepted for somebody else, and
    // neither does somebody else of an alias, who may have a copy already.
    private static Mailbox? ByRecipients(Recipients now, SpoolEntry entry, int target)
    {
        var copy = SpoolLog.ReadEnvelope(entry).Targets[target];
        return TraceHeader.IsOfAlias(copy.Header) ? null : (copy.Recipients ?? [])
            .Select(r => MailAddress.TryParse(r) is { } address ? now.FindNamed(address) : null).FirstOrDefault(m => m is not null);
    }

    private Dictionary<(FolderFormat Format, string Path), Mailbox> Paths(Recipients now)
    {
        if (_paths is { } paths && ReferenceEquals(paths.Of, now))
        {
            return paths.Known;
        }

        var known = now.Mailboxes.DistinctBy(m => (m.Format, m.Path)).ToDictionary(m => (m.Format, m.Path));
        _paths = (now, known);
        return known;
    }

    private static string Field(string header)
    {
        foreach (var line in header.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(DeliveredTo, StringComparison.Ordinal))
            {
                return line[DeliveredTo.Length..].ToString();
            }
        }

        return "";
    }
}
