using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter;

/// <summary>The reasons of the judge.</summary>
public static class Reasons
{
    private const string SomethingMissing = "If you sent it, some of your mail is sent without Backstop seeing it: `backstop status` shows "
        + "how much is known.";

    private static readonly MailKind[] _kinds = [.. Enum.GetValues<MailKind>().Where(k => k != MailKind.None)];
    private static readonly Dictionary<MailKind, Reason> _ofKind = new()
    {
        [MailKind.FeedbackReport] = new("feedback-report", "A complaint about mail: people ask for these, and they do not come in floods."),
        [MailKind.Mdn] = new("mdn", "A read receipt: people ask for these, and they do not come in floods."),
    };
    private static readonly Dictionary<MailKind, Reason> _ofRole = Each(k =>
        new("role:" + k.Word(), $"{Named(k)} for postmaster@, abuse@ or another role address, which gets all mail."));
    private static readonly Dictionary<MailKind, Reason> _unproved = Each(k =>
        new(k.Word() + ":unproved", $"{Named(k)}, and nothing shows that it answers mail of yours.", SomethingMissing));
    private static readonly Dictionary<MailKind, Reason> _unsure = Each(k =>
        new(k.Word() + ":unsure", $"{Named(k)} by its words, but nothing else shows that a machine wrote it: it is delivered."));
    private static readonly Dictionary<MailKind, Reason> _ownServer = Each(k =>
        new(k.Word() + ":own-server", $"{Named(k)} of your own server to its administrator."));

    /// <summary>Ordinary mail.</summary>
    public static Reason Mail { get; } = new("mail", "Ordinary mail.");

    /// <summary>Mail disguised as a bounce.</summary>
    public static Reason FakeBounce { get; } = new(
        BounceReport.FakeFormat, "Disguised as a bounce: it returns nothing and asks for a click.");

    /// <summary>The recipient's tag is valid.</summary>
    public static Reason BatvPass { get; } = new("batv:pass", "Its recipient's address has a tag that we signed.");

    /// <summary>The recipient's tag has expired.</summary>
    public static Reason BatvExpired { get; } = new(
        "batv:expired", "Its recipient's address has a tag of ours that has expired.",
        "Raise batv.lifetime_days if servers send bounces later than that.");

    /// <summary>The recipient's tag is forged.</summary>
    public static Reason BatvForged { get; } = new(
        "batv:forged", "Its recipient's address has a tag that we did not sign.",
        "If batv.keys was lost, restore the file: without it old tags fail.");

    /// <summary>The recipient always signs, but there is no tag.</summary>
    public static Reason BatvMissing { get; } = new(
        "batv:missing", "The address always sends with a tag (batv.always_signed), but this bounce came without one.",
        "Remove the address from batv.always_signed if it also sends through another server.");

    /// <summary>The recipient is a valid SRS address.</summary>
    public static Reason SrsPass { get; } = new("srs:pass", "It came to an address that we made when we forwarded mail (SRS).");

    /// <summary>The recipient is an expired SRS address.</summary>
    public static Reason SrsExpired { get; } = new(
        "srs:expired", "It came to an address that we made for forwarding (SRS), and that has expired.");

    /// <summary>The recipient is a forged SRS address.</summary>
    public static Reason SrsForged { get; } = new(
        "srs:forged", "It came to an SRS address that our forwarder did not make.",
        "List every secret that is in use in the file srs.secrets.");

    /// <summary>The Message-ID has our signature.</summary>
    public static Reason SignedIdPass { get; } = new("signed-id:pass", "It answers a Message-ID that we signed.");

    /// <summary>The Message-ID has our signature, but it has expired.</summary>
    public static Reason SignedIdExpired { get; } = new(
        "signed-id:expired", "It answers a Message-ID that we signed too long ago.",
        "Raise backscatter.proof_window if servers send bounces later than that.");

    /// <summary>The Message-ID has a forged signature.</summary>
    public static Reason SignedIdForged { get; } = new(
        "signed-id:forged", "It answers a Message-ID that looks like ours, but that we did not sign for this address.");

    /// <summary>The returned header has our valid DKIM signature.</summary>
    public static Reason OwnDkimPass { get; } = new("own-dkim:pass", "It returns a header with our valid DKIM signature.");

    /// <summary>The returned header has one of our own fields.</summary>
    public static Reason OwnFieldPass { get; } = new(
        "own-field:pass", "It returns a header field that only our mail has (backscatter.own_fields).");

    /// <summary>The Message-ID is in the journal.</summary>
    public static Reason JournalMessageId { get; } = new(
        "journal:message-id", "The journal of your sent mail contains the Message-ID that it answers.");

    /// <summary>A recipient is in the journal.</summary>
    public static Reason JournalRecipient { get; } = new(
        "journal:recipient", "The journal of your sent mail contains a mail to the recipient that it reports.");

    /// <summary>The journal was set aside lately.</summary>
    public static Reason JournalLost { get; } = new(
        "journal:lost",
        "Nothing shows that you sent what it answers, and the journal of your sent mail was lost lately: it is filed, not refused.",
        "See the log for the file that was set aside.");

    /// <summary>The journal is unreadable.</summary>
    public static Reason JournalFailed { get; } = new(
        "journal:failed",
        "Nothing shows that you sent what it answers, and the journal of your sent mail cannot be read: it is filed, not refused.",
        "`backstop status` names the file and what is wrong with it.");

    /// <summary>Returns the reason for a kind that does not come in floods.</summary>
    /// <param name="kind">A complaint or a read receipt.</param>
    public static Reason OfKind(MailKind kind) => _ofKind[kind];

    /// <summary>Returns the reason for a report to a role address.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason OfRole(MailKind kind) => _ofRole[kind];

    /// <summary>Returns the reason for a report without proof.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason Unproved(MailKind kind) => _unproved[kind];

    /// <summary>Returns the reason for a message that is a report only by its words.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason Unsure(MailKind kind) => _unsure[kind];

    /// <summary>Returns the reason for a notice of the reader's own server to its administrator.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason OwnServer(MailKind kind) => _ownServer[kind];

    /// <summary>Every reason of this library.</summary>
    public static IReadOnlyList<Reason> All { get; } =
    [
        Mail, FakeBounce, BatvPass, BatvExpired, BatvForged, BatvMissing, SrsPass, SrsExpired, SrsForged, SignedIdPass,
        SignedIdExpired, SignedIdForged,
        OwnDkimPass, OwnFieldPass, JournalMessageId, JournalRecipient, JournalLost, JournalFailed,
        .. _ofKind.Values, .. _ofRole.Values, .. _unproved.Values, .. _unsure.Values, .. _ownServer.Values,
    ];

    private static Dictionary<MailKind, Reason> Each(Func<MailKind, Reason> make) => _kinds.ToDictionary(k => k, make);

    private static string Named(MailKind kind) => kind switch
    {
        MailKind.Bounce => "A bounce",
        MailKind.Delay => "A notice that mail is late",
        MailKind.SuccessReport => "A receipt that mail arrived",
        MailKind.AutoReply => "An automatic answer",
        MailKind.Challenge => "A request to prove that you are human",
        MailKind.VirusNotice => "A scanner's notice",
        MailKind.FeedbackReport => "A complaint about mail",
        MailKind.Mdn => "A read receipt",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind"),
    };
}
