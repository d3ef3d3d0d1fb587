using System.Collections.Concurrent;
using System.Data.Common;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.State;

namespace Backstop.Judging;

/// <summary>
/// Counts, for each of our addresses, the answers that people write to its mail, and how many of them answer mail that we know.
/// That is how much of what it sends passes us, measured.
/// </summary>
/// <remarks>Counts gather in memory and are written now and then: a lost minute of them changes nothing.</remarks>
internal sealed class ReplyWatch(SentJournal journal, SignedMessageId signedIds, TimeProvider time)
{
    // A flood of invented answers must not fill the memory between two writes.
    private const int MaxWaiting = 10_000;

    private readonly ConcurrentDictionary<(string Address, long Day), (long All, long ToKnown)> _waiting = new();

    /// <summary>Looks at a delivered message.</summary>
    /// <param name="report">What it is.</param>
    /// <param name="ours">The recipient's addresses.</param>
    public void Note(BounceReport report, IReadOnlyList<string> ours)
    {
        // To us alone, and not through a list: else it may answer somebody else's mail.
        if (report.Kind != MailKind.None || report.NullReversePath == true || report.IsList || report.References is not [var answered, ..]
            || report.To is not [var to] || Mail.MailAddress.TryParse(to) is not { } address || !ours.Contains(address.Key) || _waiting.Count >= MaxWaiting)
        {
            return;
        }

        var now = time.GetUtcNow();
        bool isKnown;
        try
        {
            isKnown = journal.HasMessageId(answered) || signedIds.Check(answered, ours, now) == SignedOutcome.Pass;
        }
        catch (DbException)
        {
            // The message is on disk already; a count is not worth its reply.
            return;
        }

        _waiting.AddOrUpdate(
            (address.Key, now.ToUnixTimeSeconds() / 86400), (1, isKnown ? 1 : 0), (_, count) => (
                count.All + 1, count.ToKnown + (isKnown ? 1 : 0)));
    }

    /// <summary>Writes what has gathered.</summary>
    public void Write()
    {
        var counts = new List<ReplyCount>();
        foreach (var key in _waiting.Keys)
        {
            if (_waiting.TryRemove(key, out var count))
            {
                counts.Add(new(key.Address, key.Day, count.All, count.ToKnown));
            }
        }

        try
        {
            journal.AddReplies(counts);
        }
        catch (DbException)
        {
            // Busy or out of room: these answers go uncounted, and the next ones count.
        }
    }
}
