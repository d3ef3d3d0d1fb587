using System.Data.Common;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Storms;
using Backstop.Mail;
using Backstop.Server.Options;
using Backstop.State;

namespace Backstop.Server.Storms;

/// <summary>
/// Ordinary mail: who is known, who writes for the first time, and what belongs to an e-mail bomb. Whoever was written to, has written before or
/// answers is never taken for one; nothing is refused for it.
/// </summary>
internal sealed class BombRules(BackstopOptions options, SentJournal journal, SignedMessageId signedIds, Correspondents correspondents, StormDesk storms, TimeProvider time)
{
    // Who first wrote during the bomb, or in the day before it, is not known yet.
    private static readonly TimeSpan _settled = TimeSpan.FromDays(1);
    private static readonly TimeSpan _codeWindow = TimeSpan.FromMinutes(10);

    private const string ListPrefix = "list:";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, DecayedCount> _codes = new(StringComparer.Ordinal);

    /// <summary>Whether a sender is known to a mailbox: written to, or known by earlier mail.</summary>
    public bool IsKnown(KnownRecipient known, string? from)
    {
        if (MailAddress.TryParse(from ?? "") is not { } sender)
        {
            return false;
        }

        try
        {
            return correspondents.Knew(known.Person, sender.Key, time.GetUtcNow() - _settled) || journal.HasRecipient(sender.Key, [.. known.Ours]);
        }
        catch (DbException)
        {
            // Nothing is taken for a bomb because a database is busy.
            return true;
        }
    }

    /// <summary>Says where a message goes that nothing else was against.</summary>
    public Verdict Judge(Transaction transaction, KnownRecipient known, BounceReport report, MassMailShape shape, Verdict verdict)
    {
        if (verdict.Action != VerdictAction.Deliver || report.Kind != MailKind.None || known.IsRole)
        {
            return verdict;
        }

        var inStorm = storms.Watch.IsStorm(known.Person, StormKind.MailBomb);
        if ((!shape.IsMass && !inStorm) || IsWanted(known, report, shape.ListId))
        {
            return verdict;
        }

        var judged = inStorm && options.Storm.Enabled && shape.IsLikelyMass && !IsAwaitedCode(known, shape) ? new(VerdictAction.File, options.Storm.Folder, "storm:bomb") : verdict;
        if (shape.IsMass || judged.Action == VerdictAction.File)
        {
            // A list is one source, whoever writes to it.
            var source = shape.ListId.Length > 0 ? ListPrefix + shape.ListId : StormDesk.DomainOf(report.From) is { Length: > 0 } domain ? domain : StormDesk.Host(transaction);
            storms.Saw(new(known.Person, StormKind.MailBomb, StormDesk.Host(transaction), source, StormDesk.ActionOf(judged), judged.Reason)
            {
                Campaign = CampaignKey.Of(report),
                Report = report,
            });
        }

        return judged;
    }

    // Known by address, by domain (the shop one has an account at) or as a list one reads, or an answer to what was sent.
    private bool IsWanted(KnownRecipient known, BounceReport report, string list)
    {
        try
        {
            var domain = StormDesk.DomainOf(report.From);
            return IsKnown(known, report.From)
                || (domain.Length > 0 && correspondents.Knew(known.Person, "@" + domain, time.GetUtcNow() - _settled))
                || (list.Length > 0 && correspondents.Knew(known.Person, ListPrefix + list, time.GetUtcNow() - _settled))
                || report.References.Any(r => journal.HasMessageId(r) || signedIds.Check(r, [.. known.Ours], time.GetUtcNow()) == SignedOutcome.Pass);
        }
        catch (DbException)
        {
            return true;
        }
    }

    // A person asks for one or two codes; who sends a bomb causes as many as there are sites.
    private bool IsAwaitedCode(KnownRecipient known, MassMailShape shape)
    {
        if (!shape.IsCode)
        {
            return false;
        }

        var now = time.GetUtcNow();
        lock (_gate)
        {
            var codes = _codes.TryGetValue(known.Person, out var seen) ? seen : new(_codeWindow);
            codes.Add(now);
            _codes[known.Person] = codes;
            return codes.At(now) <= options.Storm.Codes;
        }
    }

    /// <summary>Remembers whose mail reached an inbox. During a bomb nobody becomes known: its lists would write again next week.</summary>
    public void Note(KnownRecipient known, BounceReport report, MassMailShape shape)
    {
        if (report.Kind != MailKind.None || storms.Watch.IsStorm(known.Person, StormKind.MailBomb))
        {
            return;
        }

        if (shape.ListId is { Length: > 0 } list)
        {
            correspondents.Note(known.Person, ListPrefix + list);
        }

        if (MailAddress.TryParse(report.From ?? "") is { Domain.Length: > 0 } sender)
        {
            correspondents.Note(known.Person, sender.Key);
            correspondents.Note(known.Person, "@" + MailAddress.DomainKey(sender.Domain));
        }
    }
}
