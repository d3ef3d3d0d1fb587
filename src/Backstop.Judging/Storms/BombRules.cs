using System.Data.Common;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Judging.Storms;

/// <summary>
/// The rules for ordinary mail: which senders are known, who writes for the first time, and what is part of an e-mail
/// bomb. Mail of a known sender, and a reply, is never treated as part of one; nothing is refused for it.
/// </summary>
internal sealed class BombRules(
    BackstopOptions options, SentJournal journal, SignedMessageId signedIds, Correspondents correspondents, StormDesk storms,
    TimeProvider time)
{
    // A sender whose first mail came during the bomb, or in the day before it, is not known yet.
    private static readonly TimeSpan _settled = TimeSpan.FromDays(1);
    private static readonly TimeSpan _codeWindow = TimeSpan.FromMinutes(10);

    private const string ListPrefix = "list:";

    // A discussion list that somebody has just joined writes at once; a bomb's robots join somebody to hundreds.
    private const int MaxNewLists = 3;
    private static readonly TimeSpan _listWindow = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Generations<string, Allowance> _allowed = new(20_000, TimeSpan.FromDays(1), storms.Time);

    /// <summary>Whether a mailbox knows a sender: it wrote to the sender, or got earlier mail from it.</summary>
    public bool IsKnown(KnownRecipient known, string? from)
    {
        if (MailAddress.TryParse(from ?? "") is not { } sender)
        {
            return false;
        }

        try
        {
            return correspondents.Knew(known.Person, sender.Key, time.GetUtcNow() - _settled)
                || journal.HasRecipient(sender.Key, [.. known.Ours]);
        }
        catch (DbException)
        {
            // While the database is busy, no mail is treated as part of a bomb.
            return true;
        }
    }

    /// <summary>Chooses the folder for a message that no earlier rule refused or filed.</summary>
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

        var judged = inStorm && options.Storm.Enabled && shape is { IsLikelyMass: true, IsOfBombs: true } && !IsAwaited(known, shape)
            ? new(VerdictAction.File, options.Storm.Folder, ServerReasons.StormBomb)
            : verdict;

        // What a shop or bank sends to one customer is not part of a bomb, and must not turn a recipient's few mails
        // into one.
        if (shape is { IsMass: true, IsOfBombs: true, IsNotice: false } || judged.Action == VerdictAction.File)
        {
            // A list is one source, whoever posts to it.
            var source = shape.ListId.Length > 0 ? ListPrefix + shape.ListId
                : StormDesk.DomainOf(report.From) is { Length: > 0 } domain ? domain
                : StormDesk.NetworkOf(transaction);
            storms.Saw(new(known.Person, StormKind.MailBomb, StormDesk.Host(transaction), source, StormDesk.ActionOf(judged), judged.Reason)
            {
                Network = StormDesk.PublicNetworkOf(transaction),
                Campaign = CampaignKey.Of(report),
                Report = report,
            });
        }

        return judged;
    }

    // Known by address, by domain (such as a shop with an account) or as a list already read; or a reply to sent mail.
    private bool IsWanted(KnownRecipient known, BounceReport report, string list)
    {
        if (correspondents.IsLost)
        {
            // The table of correspondents is unavailable: strangers and friends cannot be told apart.
            return true;
        }

        try
        {
            var domain = StormDesk.DomainOf(report.From);
            return IsKnown(known, report.From)
                || (domain.Length > 0 && correspondents.Knew(known.Person, "@" + domain, time.GetUtcNow() - _settled))
                || (list.Length > 0 && correspondents.Knew(known.Person, ListPrefix + list, time.GetUtcNow() - _settled))
                || report.References.Any(r =>
                journal.HasMessageId(r) || signedIds.Check(r, [.. known.Ours], time.GetUtcNow()) == SignedOutcome.Pass);
        }
        catch (DbException)
        {
            return true;
        }
    }

    // Mail that a bomb is meant to bury stays in the inbox. A person asks for one or two codes and joins a list or two;
    // a bomb causes as many as there are sites.
    private bool IsAwaited(KnownRecipient known, MassMailShape shape)
    {
        if (shape.IsNotice)
        {
            return true;
        }

        if (!shape.IsCode && !(shape.IsPost && shape.ListId.Length > 0))
        {
            return false;
        }

        var now = storms.Time.GetUtcNow();
        lock (_gate)
        {
            if (!_allowed.TryGet(known.Person, out var allowed))
            {
                _allowed.Add(known.Person, allowed = new());
            }

            return shape.IsCode ? allowed.TakesCode(now, options.Storm.Codes) : allowed.TakesList(shape.ListId, now);
        }
    }

    /// <summary>
    /// Remembers the sender of a message that reached an inbox. During a bomb no sender becomes known: its lists would
    /// write again next week.
    /// </summary>
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

    // Mail of a kind that the recipient may have asked for lately.
    private sealed class Allowance
    {
        private readonly HashSet<string> _lists = new(StringComparer.Ordinal);
        private DecayedCount _codes = new(_codeWindow);
        private DecayedCount _newLists = new(_listWindow);

        public bool TakesCode(DateTimeOffset now, int limit)
        {
            _codes.Add(now);
            return _codes.At(now) <= limit;
        }

        public bool TakesList(string list, DateTimeOffset now)
        {
            if (_lists.Contains(list))
            {
                return true;
            }

            if (_newLists.At(now) > MaxNewLists - 1)
            {
                return false;
            }

            _newLists.Add(now);
            return _lists.Add(list);
        }
    }
}
