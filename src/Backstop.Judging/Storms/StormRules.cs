using System.Data.Common;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Backstop.MailAuth.Dnsbl;
using Backstop.State;

namespace Backstop.Judging.Storms;

/// <summary>
/// The rules after the data about storms: a report without proof counts towards one; and for ordinary mail: which senders
/// are known, who writes for the first time, and what is part of an e-mail bomb. Mail of a known sender, and a reply, is never
/// treated as part of one; nothing is refused for it.
/// </summary>
/// <param name="options">The configuration.</param>
/// <param name="journal">Who was written to.</param>
/// <param name="signedIds">Tells our message ids from others.</param>
/// <param name="correspondents">Who has written to whom.</param>
/// <param name="watch">The storms.</param>
/// <param name="steady">The clock of storms, which never goes back.</param>
/// <param name="time">The clock.</param>
internal sealed class StormRules(
    BackstopOptions options, SentJournal journal, SignedMessageId signedIds, Correspondents correspondents, StormWatch watch,
    TimeProvider steady, TimeProvider time)
{
    // A sender whose first mail came during the bomb, or in the day before it, is not known yet.
    private static readonly TimeSpan _settled = TimeSpan.FromDays(1);
    private static readonly TimeSpan _codeWindow = TimeSpan.FromMinutes(10);

    private const string ListPrefix = "list:";

    // A discussion list that somebody has just joined writes at once; a bomb's robots join somebody to hundreds.
    private const int MaxNewLists = 3;
    private static readonly TimeSpan _listWindow = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Generations<string, Allowance> _allowed = new(20_000, TimeSpan.FromDays(1), steady);

    /// <summary>Whether it was lost lately who has written to whom, so that friends look like strangers.</summary>
    public bool KnowsNobody => correspondents.IsLost;

    /// <summary>Whether a mailbox knows a sender: it wrote to the sender, or got earlier mail from it.</summary>
    public bool IsKnown(KnownRecipient known, string? from) => IsKnown(known, MailAddress.TryParse(from ?? ""));

    /// <summary>The same, of an address that was read before; false for none.</summary>
    public bool IsKnown(KnownRecipient known, MailAddress? sender)
    {
        if (sender is null)
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

    /// <summary>
    /// Counts a report without proof, and chooses the folder for a message that no earlier rule refused or filed.
    /// </summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="known">The recipient.</param>
    /// <param name="report">What the message is.</param>
    /// <param name="shape">What it looks like, unless it is a report.</param>
    /// <param name="verdict">The verdict of the judge.</param>
    /// <param name="proofs">What the message proves; null where that could not be asked.</param>
    public Verdict Judge(
        Transaction transaction, KnownRecipient known, BounceReport report, MassMailShape shape, Verdict verdict, ProofSet? proofs)
    {
        if (report.Kind != MailKind.None && !known.IsRole && proofs is { Passed: null, HasHint: false }
            && verdict.Action != VerdictAction.Deliver)
        {
            SawReport(transaction, known, report, verdict);
        }

        if (verdict.Action != VerdictAction.Deliver || report.Kind != MailKind.None || known.IsRole)
        {
            return verdict;
        }

        var inStorm = watch.IsStorm(known.Person, StormKind.MailBomb);
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
                : DomainOf(report.From) is { Length: > 0 } domain ? domain
                : NetworkOf(transaction);
            Saw(new(known.Person, StormKind.MailBomb, Host(transaction), source, ActionOf(judged), judged.Reason)
            {
                Network = PublicNetworkOf(transaction),
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
            var domain = DomainOf(report.From);
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

        var now = steady.GetUtcNow();
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
        if (report.Kind != MailKind.None || watch.IsStorm(known.Person, StormKind.MailBomb))
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

    /// <summary>Returns the client's address, as it is counted.</summary>
    public static string Host(Transaction transaction) => transaction.Client.Address.ToString();

    /// <summary>Returns the network that the client is counted in: neighbours often belong to one sender.</summary>
    public static string NetworkOf(Transaction transaction) => Networks.Front(transaction.Client.Address, 3, 6).ToString();

    private void SawReport(Transaction transaction, KnownRecipient known, BounceReport report, Verdict verdict)
    {
        var kind = report.Kind is MailKind.AutoReply or MailKind.Challenge ? StormKind.AutoReplyFlood : StormKind.BounceFlood;
        var domain = kind == StormKind.AutoReplyFlood ? DomainOf(report.From) : "";
        Saw(
            new(
                known.Person, kind, Host(transaction), domain.Length > 0 ? domain : NetworkOf(transaction), ActionOf(verdict),
                verdict.Reason)
            {
                Network = PublicNetworkOf(transaction),
                Campaign = CampaignKey.Of(report),
                TellsMailing = kind == StormKind.BounceFlood && report.Returned.Subject is { Length: > 0 },
                Report = report,
            });
    }

    private void Saw(in StormSighting sighting) => watch.Add(sighting, steady.GetUtcNow());

    // Empty for a host of our own network, which may relay mail for everybody.
    private static string PublicNetworkOf(Transaction transaction) =>
        DnsblName.IsPublic(transaction.Client.Address) ? NetworkOf(transaction) : "";

    // The domain of an address, as it is counted; empty for none.
    private static string DomainOf(string? address) =>
        MailAddress.TryParse(address ?? "") is { } parsed ? MailAddress.DomainKey(parsed.Domain) : "";

    private static StormAction ActionOf(Verdict verdict) => verdict.Action switch
    {
        VerdictAction.Refuse => StormAction.RefusedAtData,
        VerdictAction.File => StormAction.Filed,
        _ => StormAction.Delivered,
    };

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
