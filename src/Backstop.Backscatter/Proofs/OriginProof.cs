using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter.Proofs;

/// <summary>Asks the sent journal whether a report returns something we sent.</summary>
public static class OriginProof
{
    /// <summary>By Message-ID first, by recipient second.</summary>
    /// <param name="report">The report.</param>
    /// <param name="ours">The addresses of the mailbox it came to, as keys.</param>
    /// <param name="journal">What we sent.</param>
    public static Proof FromJournal(BounceReport report, IReadOnlyCollection<string> ours, ISentJournal journal)
    {
        foreach (var id in MessageIdsOf(report))
        {
            if (journal.HasMessageId(id))
            {
                return new("journal", ProofResult.Pass, $"message-id {id}");
            }
        }

        foreach (var address in RecipientsOf(report))
        {
            if (journal.HasRecipient(address, ours))
            {
                return new("journal", ProofResult.Pass, $"recipient {address}");
            }
        }

        return new("journal", ProofResult.None, "");
    }

    private static IEnumerable<string> MessageIdsOf(BounceReport report) =>
        report.Returned.MessageId is { } id ? report.References.Prepend(id) : report.References;

    // An automatic answer comes from the address we wrote to. A bounce names it, or returns it as To.
    private static IEnumerable<string> RecipientsOf(BounceReport report)
    {
        var named = report.Recipients.Select(r => r.Address);
        return report.Kind switch
        {
            MailKind.AutoReply or MailKind.Challenge or MailKind.Mdn => report.From is { } from ? named.Append(from) : named,
            _ when report.Recipients.Count == 0 && report.Returned.To is { } to => [to],
            _ => named,
        };
    }
}
