using System.Collections.Concurrent;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;
using Backstop.Backscatter.Verdicts;
using Backstop.Judging;
using Backstop.Mail;

namespace Backstop.Clean;

/// <summary>
/// Puts messages on piles. The server's judge says what a message is; what is added here is when not to trust that. The first rule
/// that fits decides.
/// </summary>
/// <param name="judge">The server's judge over the journal of what was sent.</param>
/// <param name="sent">What was sent.</param>
/// <param name="believesHosts">Whether the names of our own hosts are known, so that they are a hint.</param>
/// <param name="needsSent">Whether nothing counts as backscatter while nothing that was sent is known.</param>
internal sealed class CleanJudge(StoredJudge judge, SentMail sent, bool believesHosts, bool needsSent)
{
    // A flood says the same thing twenty thousand times: it is remembered once.
    private readonly ConcurrentDictionary<string, string> _words = new(StringComparer.Ordinal);

    /// <summary>Judges a message.</summary>
    /// <param name="octets">The octets, as they lie in memory.</param>
    /// <param name="at">When it came.</param>
    /// <param name="isMarked">Whether its owner has flagged or answered it.</param>
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

    // Why it may be wanted after all, or null.
    private (Reason? Reason, string? Domain) Doubt(StoredVerdict found, DateTimeOffset at)
    {
        // Spam in disguise, or a tag or id that claims to be ours and is not: nothing that was sent makes that wanted.
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

        // Nothing came back that an id could be read from, and it comes from where mail was sent to: an alias there may answer for
        // the address.
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
