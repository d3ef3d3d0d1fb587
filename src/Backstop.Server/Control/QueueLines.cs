using Backstop.Backscatter;
using Backstop.Judging;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;

namespace Backstop.Server.Control;

/// <summary>Describes messages of the queue, with the reason why each waits.</summary>
/// <param name="delivery">Where the copies are.</param>
/// <param name="time">The clock.</param>
internal sealed class QueueLines(DeliveryQueue delivery, TimeProvider time)
{
    private const string Delivered = "delivered";

    // What needs a person most comes first.
    private static readonly string[] _order =
    [
        ServerReasons.QueueHeld.Word, ServerReasons.QueueNoMailbox.Word, ServerReasons.QueueFolderFailed.Word,
        ServerReasons.QueueQuota.Word,
        ServerReasons.QueueRecipesFailed.Word, ServerReasons.QueueStopped.Word, ServerReasons.QueueScan.Word,
        ServerReasons.QueueRecipes.Word, ServerReasons.QueueFolder.Word, ServerReasons.QueueDelivering.Word, Delivered,
    ];

    /// <summary>Returns a message; null where it does not wait any more.</summary>
    /// <param name="id">Its id.</param>
    public QueueLine? Of(ulong id)
    {
        if (delivery.Report(id) is not { } report)
        {
            return null;
        }

        SpoolEnvelope envelope;
        try
        {
            envelope = SpoolLog.ReadEnvelope(report.Entry);
        }
        catch (IOException error)
        {
            // It was delivered between the two, or its record is damaged: then it is shown, because it is tried again for ever.
            return delivery.Report(id) is null ? null : Damaged(report, error.Message);
        }

        var copies = report.Copies.Select((c, i) => Copy(report, c, envelope.Targets[i])).ToList();
        return Line(report, envelope.BodyLength, envelope.ReversePath, copies);
    }

    private QueueLine Damaged(MessageReport report, string error) =>
        Line(report, report.Entry.At.Length, "", [.. report.Copies.Select(c => Copy(report, c with { Error = error }, null))]);

    private QueueLine Line(MessageReport report, long size, string sender, List<CopyLine> copies)
    {
        // The upper bits of the id are the time of acceptance in milliseconds.
        var received = DateTimeOffset.FromUnixTimeMilliseconds((long)(report.Entry.Id >> 16));
        var worst = copies.MinBy(c => Array.IndexOf(_order, c.Reason));
        return new(
            report.Entry.QueueId, received, Math.Max(0, (long)(time.GetUtcNow() - received).TotalSeconds), size, sender,
            worst?.Reason ?? Delivered, worst?.Error ?? "", copies.Select(c => c.Tries).DefaultIfEmpty().Max(),
            copies.Min(c => c.NextTry), copies);
    }

    private CopyLine Copy(MessageReport report, CopyReport copy, SpoolTarget? target) => new(
        target?.Recipients ?? [], copy.Mailbox, copy.Folder.Folder, copy.Folder.Path, Word(report, copy), copy.Error, copy.Tries,
        copy.RetryAt);

    private string Word(MessageReport report, CopyReport copy) => copy.Place == CopyPlace.Done ? Delivered : Reason(report, copy).Word;

    private Reason Reason(MessageReport report, CopyReport copy) =>
        report.IsHeld ? ServerReasons.QueueHeld
        : copy.Place switch
        {
            CopyPlace.NoMailbox => ServerReasons.QueueNoMailbox,
            CopyPlace.Folder when copy.IsOverQuota => ServerReasons.QueueQuota,
            CopyPlace.Folder when copy.Error.Length > 0 => ServerReasons.QueueFolderFailed,
            CopyPlace.Recipes when copy.Error.Length > 0 => ServerReasons.QueueRecipesFailed,
            CopyPlace.Scan => ServerReasons.QueueScan,
            _ when report.IsUnderWay => ServerReasons.QueueDelivering,
            CopyPlace.Recipes => ServerReasons.QueueRecipes,
            CopyPlace.Parked when delivery.IsIdle => ServerReasons.QueueStopped,
            _ => ServerReasons.QueueFolder,
        };
}
