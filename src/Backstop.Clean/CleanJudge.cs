using System.Collections.Concurrent;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;
using Backstop.Backscatter.Verdicts;
using Backstop.Judging;
using Backstop.Mail;

namespace Backstop.Clean;

/// <summary>
/// Sorts messages into piles. The server's judge gives the verdict; this class decides when a verdict against a message
/// is too uncertain to act on. The first rule that applies decides.
/// </summary>
/// <param name="judge">The server's judge, with the journal of sent mail.</param>
/// <param name="sent">The sent mail that is known.</param>
/// <param name="believesHosts">Whether the names of our own hosts are known, so that a Received field with one is a
/// hint.</param>
/// <param name="needsSent">Whether a bounce stays unsure as long as no sent mail is known.</param>
internal sealed class CleanJudge(StoredJudge judge, SentMail sent, bool believesHosts, bool needsSent)
{
    // A flood repeats the same few shapes thousands of times, so each text is kept in memory once.
    private readonly ConcurrentDictionary<string, string> _words = new(StringComparer.Ordinal);

    /// <summary>Finds the pile of one message, and the reason.</summary>
    /// <param name="octets">The whole message. It is read in place, not copied.</param>
    /// <param name="at">When the message arrived.</param>
    /// <param name="isMarked">Whether the owner of the mailbox has flagged or answered it.</param>
    public Finding Judge(ReadOnlyMemory<byte> octets, DateTimeOffset at, bool isMarked)
    {
        var message = new MailMessage(octets);
        var found = judge.Judge(message, default, at);
        var kind = found.Report.Kind.Word();
        if (found.Verdict.Action == VerdictAction.Deliver
            && found.Report is { Kind: not MailKind.None, IsCertain: false } && found.Proofs.Passed is null)
        {
            return new(Pile.Unsure, kind, Doubts.WordsOnly, KeyOf(found.Report), null, null, null);
        }

        if (found.Verdict.Action == VerdictAction.Deliver)
        {
            return found.Proofs.Passed is null
                ? found.Report.Kind == MailKind.None ? Finding.Mail : Finding.Mail with { Kind = kind, Reason = found.Verdict.Reason }
                : new(Pile.Ours, kind, found.Verdict.Reason, KeyOf(found.Report), null, null, null);
        }

        var (reason, domain) = isMarked ? (Doubts.Marked, null) : Doubt(found, at);
        var from = ReceivedFrom.Read(message);
        return new(
            reason is null ? Pile.Backscatter : Pile.Unsure, kind, reason ?? found.Verdict.Reason, KeyOf(found.Report),
            from?.Host ?? found.Report.ReportingMta, from?.Address.ToString(), domain);
    }

    private CampaignKey KeyOf(BounceReport report)
    {
        var key = CampaignKey.Of(report);
        return key with { Shape = Once(key.Shape) };
    }

    private string Once(string word) => _words.GetOrAdd(word, word);

    // Returns why the owner may want the message after all; null where nothing speaks for it.
    private (Reason? Reason, string? Domain) Doubt(StoredVerdict found, DateTimeOffset at)
    {
        // A fake bounce, or one whose tag or id is forged, answers nothing that was sent: no doubt applies.
        if (found.Report.IsFake || found.Proofs.Refuted is not null)
        {
            return default;
        }

        if (!sent.IsKnown && needsSent)
        {
            return (Doubts.NothingSent, null);
        }

        if (at < sent.Since)
        {
            return (Doubts.BeforeSent, null);
        }

        if (believesHosts && found.Proofs.HasHint)
        {
            return (Doubts.OwnHost, null);
        }

        // The bounce returns no Message-ID, but comes from a domain that the owner has written to. An address there may
        // forward to another one, which then bounces with an address that the owner never wrote to.
        return found.Report is { Returned.MessageId: null, References.Count: 0 } && DomainOf(found.Report) is { } domain
            && sent.HasDomain(domain)
            ? (Doubts.KnownDomain, domain)
            : default;
    }

    private static string? DomainOf(BounceReport report)
    {
        var address = report.Recipients.Count > 0 ? report.Recipients[0].Address : report.From;
        return address is not null && MailAddress.TryParse(address) is { } parsed ? MailAddress.DomainKey(parsed.Domain) : null;
    }
}
