using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Posix;

namespace Backstop.Doctor;

/// <summary>The folders on disk: whose they are, who can read them, how much room there is.</summary>
internal static class FolderChecks
{
    private const int SharedWrite = (int)(UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    // Below this many times what the spool keeps free, it is time to think of a larger disk.
    private const int Ample = 4;

    /// <summary>Looks at the data folder, the spool's disk, the secrets and the mailboxes.</summary>
    public static IEnumerable<Finding> Look(BackstopOptions options) =>
        [.. Data(options), .. Room(options), .. Secrets(options), .. Mailboxes(options), .. Users(options)];

    private static IEnumerable<Finding> Data(BackstopOptions options)
    {
        if (!Directory.Exists(options.Data))
        {
            yield return new(FindingState.Skip, "folders", $"{options.Data} does not exist yet; the first start creates it");
            yield break;
        }

        if (FileOwner.Of(options.Data) is { } owner && owner.User != FileOwner.Me)
        {
            yield return new(
                FindingState.Warn, "folders",
                Text($"{options.Data} belongs to the user number {owner.User}, and this is number {FileOwner.Me}"),
                "run this as the user that the server runs as: what follows may be wrong otherwise");
        }

        yield return (File.GetUnixFileMode(options.Data) & Others) == UnixFileMode.None
            ? new(FindingState.Ok, "folders", $"{options.Data} is closed to other users")
            : new(
                FindingState.Warn, "folders", $"{options.Data} is open to other users of this host",
                $"chmod o= {options.Data}, unless they read mailboxes in it");
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);

    private static IEnumerable<Finding> Room(BackstopOptions options)
    {
        var spool = DataPaths.Spool(options);
        var place = Path.GetFullPath(spool);
        while (!Directory.Exists(place) && Path.GetDirectoryName(place) is { } above)
        {
            place = above;
        }

        var free = new DriveInfo(place).AvailableFreeSpace;
        var most = options.Spool.MinFree.Bytes;
        var text = Text($"{free >> 20} MiB free for the spool ({spool})");
        yield return free <= most
            ? new(FindingState.Bad, "disk", text, "make room: below spool.min_free new mail is answered 452 and comes back later")
            : free < Ample * most ? new(FindingState.Warn, "disk", text, "make room before a flood needs it")
            : new(FindingState.Ok, "disk", text);
    }

    private static IEnumerable<Finding> Secrets(BackstopOptions options) =>
        new[] { DataPaths.BatvKeys(options), options.Srs.Secrets, options.Tls.Key }
            .Where(f => f.Length > 0 && File.Exists(f))
            .Where(f => (File.GetUnixFileMode(f) & (Others | UnixFileMode.GroupWrite)) != UnixFileMode.None)
            .Select(f => new Finding(
                FindingState.Bad, "folders", $"{f} can be read or changed by others",
                $"chmod o=,g-w {f}; if others use this host, make a new one"));

    private static IEnumerable<Finding> Mailboxes(BackstopOptions options)
    {
        foreach (var (address, mailbox) in options.Mailboxes.Where(m => m.Value.Path.Length > 0))
        {
            var path = Path.GetFullPath(mailbox.Path);
            var place = Path.Exists(path) ? path : Path.GetDirectoryName(path)!;
            if (FileStatus.TryOf(place, followLinks: true, out _) is not { } status)
            {
                yield return new(
                    FindingState.Bad, "mailbox", $"{address}: {place} does not exist",
                    $"create it for the user that the server runs as, or correct mailboxes.\"{address}\".path");
            }
            else if (MailboxUser.Of(mailbox) is { } user)
            {
                if (status.User != user.User)
                {
                    yield return new(
                        FindingState.Bad, "mailbox",
                        Text($"{address}: {place} belongs to the user number {status.User}, not to {user.Name}"),
                        $"chown {user.Name} {place}, or correct mailboxes.\"{address}\".path or .user");
                }
            }
            else if (FileOwner.Me != 0 && status.User != FileOwner.Me && (status.Mode & SharedWrite) == 0)
            {
                yield return new(
                    FindingState.Bad, "mailbox",
                    Text($"{address}: {place} belongs to the user number {status.User} and may not be written"),
                    "let the server's user write there, or run the server as its owner");
            }
        }
    }

    // Root may ask for a server that runs as another user: its data folder says so.
    private static IEnumerable<Finding> Users(BackstopOptions options)
    {
        if (FileOwner.Of(options.Data) is { User: 0 } && MailboxUser.Roots(options) is { Count: > 0 } roots)
        {
            yield return new(
                FindingState.Warn, "mailbox",
                Text($"root owns the mail of {roots.Count} mailboxes and runs their recipes, such as {roots[0]}"),
                "write the user of each mailbox, or start the server as another user");
        }
    }
}
