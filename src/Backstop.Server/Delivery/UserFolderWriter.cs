using System.Text.Json;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Posix;
using Backstop.Server.Users;

namespace Backstop.Server.Delivery;

/// <summary>Has a helper of the folder's owner write copies. What comes back is believed of these copies only.</summary>
/// <param name="folder">The Maildir or mbox folder.</param>
/// <param name="host">This host's name, for file names.</param>
/// <param name="owner">Written into dot-locks.</param>
/// <param name="user">Whose folder it is.</param>
/// <param name="helpers">The helpers of all users.</param>
internal sealed class UserFolderWriter(FolderRef folder, string host, string owner, UserAccount user, UserHelpers helpers) : IFolderWriter
{
    private const int MaxReply = 64 << 10;
    private const int MaxError = 1000;
    private const long MaxBodies = 16 << 20;

    // A disk may be slow; a helper that writes nothing for so long is ended.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    // What a helper had under way when it was lost: it is looked for before it is written again.
    private readonly HashSet<(ulong Id, int Target)> _doubtful = [];

    /// <inheritdoc/>
    public bool[] Deliver(IReadOnlyList<FolderCopy> copies)
    {
        var written = new bool[copies.Count];
        for (var at = 0; at < copies.Count;)
        {
            var part = Part(copies, at);
            Write(part).CopyTo(written, at);
            at += part.Count;
            if (!written[at - 1])
            {
                break;
            }
        }

        return written;
    }

    /// <inheritdoc/>
    public string? LastId() => Ask(null, []).LastId;

    // The helper has all of them in memory.
    private static List<FolderCopy> Part(IReadOnlyList<FolderCopy> copies, int from)
    {
        var part = new List<FolderCopy> { copies[from] };
        var size = copies[from].Content.Envelope.BodyLength;
        for (var i = from + 1; i < copies.Count && (size += copies[i].Content.Envelope.BodyLength) <= MaxBodies; i++)
        {
            part.Add(copies[i]);
        }

        return part;
    }

    private bool[] Write(List<FolderCopy> copies)
    {
        var reply = Ask([.. copies.Select(HeadOf)], copies);
        if (reply.Error.Length > 0)
        {
            throw new IOException(ShownText.Of(reply.Error, MaxError), reply.ErrorNumber == Libc.OverQuota ? Libc.OverQuota : 0);
        }

        for (var i = 0; i < copies.Count; i++)
        {
            if (reply.Written[i])
            {
                _doubtful.Remove((copies[i].Entry.Id, copies[i].Target));
            }
        }

        return reply.Written;
    }

    private HelperReply Ask(IReadOnlyList<HelperCopy>? heads, List<FolderCopy> copies)
    {
        var request = new HelperRequest { Host = host, Owner = owner, Folder = folder, Copies = heads };
        try
        {
            return helpers.Ask(user, _patience, wire =>
            {
                wire.Send(HelperFrame.Request, JsonSerializer.SerializeToUtf8Bytes(request, HelperJson.Default.HelperRequest));
                foreach (var copy in copies)
                {
                    wire.Send(HelperFrame.Content, HelperWork.BodyOf(copy.Content).Span);
                }

                var reply = JsonSerializer.Deserialize(
                    wire.Expect(HelperFrame.Reply, MaxReply), HelperJson.Default.HelperReply) ?? new HelperReply();
                return reply.Error is null || reply.Written is null || (reply.Error.Length == 0 && reply.Written.Length != copies.Count)
                    ? throw new IOException("a reply that answers something else")
                    : reply;
            });
        }
        catch (HelperLostException)
        {
            _doubtful.UnionWith(copies.Select(c => (c.Entry.Id, c.Target)));
            throw;
        }
    }

    private HelperCopy HeadOf(FolderCopy copy)
    {
        var (envelope, isDoubtful) = (copy.Content.Envelope, _doubtful.Contains((copy.Entry.Id, copy.Target)));
        return new(
            copy.Entry.Id, copy.Target, copy.Content.HeaderOf(copy.Target), envelope.Trace, envelope.ReceivedUnixMs, envelope.ReversePath,
            envelope.Lines)
        {
            MayBeThere = copy.MayBeThere || isDoubtful,
            IsFresh = isDoubtful,
            Earlier = copy.Earlier,
        };
    }
}
