using System.Collections.Concurrent;
using System.Data.Common;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.State;

namespace Backstop.Judging;

/// <summary>
/// Counts, for each of our addresses, the replies of people to its mail, and how many of them reply to mail in the
/// journal. The ratio measures how much of the sent mail the journal sees.
/// </summary>
/// <remarks>Counts gather in memory and are written at intervals: losing the last minute does no harm.</remarks>
internal sealed class ReplyWatch(SentJournal journal, SignedMessageId signedIds, TimeProvider time)
{
    // A flood of invented replies must not fill the memory between two writes.
    private const int MaxWaiting = 10_000;

    private volatile SignedMessageId _signedIds = signedIds;

    private readonly ConcurrentDictionary<(string Address, long Day), (long All, long ToKnown)> _waiting = new();

    /// <summary>Checks the ids that are answered from now on.</summary>
    public SignedMessageId SignedIds
    {
        set => _signedIds = value;
    }

    /// <summary>Counts a delivered message, if it is a reply.</summary>
    /// <param name="report">The classified message.</param>
    /// <param name="ours">The recipient's addresses.</param>
    public void Note(BounceReport report, IReadOnlyList<string> ours)
    {
        // Only if addressed to us alone and not sent through a list: otherwise it may reply to somebody else's mail.
        if (report.Kind != MailKind.None || report.NullReversePath == true || report.IsList || report.References is not [var answered, ..]
            || report.To is not [var to] || Mail.MailAddress.TryParse(to) is not { } address
            || !ours.Contains(address.Key) || _waiting.Count >= MaxWaiting)
        {
            return;
        }

        var now = time.GetUtcNow();
        bool isKnown;
        try
        {
            isKnown = journal.HasMessageId(answered) || _signedIds.Check(answered, ours, now) == SignedOutcome.Pass;
        }
        catch (DbException)
        {
            // The message is on disk already: its acceptance must not fail because of a count.
            return;
        }

        _waiting.AddOrUpdate(
            (address.Key, now.ToUnixTimeSeconds() / 86400), (1, isKnown ? 1 : 0), (_, count) => (
                count.All + 1, count.ToKnown + (isKnown ? 1 : 0)));
    }

    /// <summary>Writes the counts.</summary>
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
            // The journal is busy or the disk is full: these replies are not counted; the next ones will be.
        }
    }
}
