using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter;

/// <summary>The reasons of the judge.</summary>
public static class Reasons
{
    private const string SomethingMissing = "If it does, mail is sent that Backstop does not see: `backstop status` says how much of "
        + "it is known.";

    private static readonly MailKind[] _kinds = [.. Enum.GetValues<MailKind>().Where(k => k != MailKind.None)];
    private static readonly Dictionary<MailKind, Reason> _ofKind = new()
    {
        [MailKind.FeedbackReport] = new("feedback-report", "A complaint about mail: people ask for it, and nobody is flooded with it."),
        [MailKind.Mdn] = new("mdn", "A read receipt: people ask for it, and nobody is flooded with it."),
    };
    private static readonly Dictionary<MailKind, Reason> _ofRole = Each(k =>
        new("role:" + k.Word(), $"{Named(k)} for postmaster@, abuse@ or another address of a role, which gets everything."));
    private static readonly Dictionary<MailKind, Reason> _unproved = Each(k =>
        new(k.Word() + ":unproved", $"{Named(k)}, and nothing shows that mail of yours is what it answers.", SomethingMissing));
    private static readonly Dictionary<MailKind, Reason> _unsure = Each(k =>
        new(k.Word() + ":unsure", $"{Named(k)} by its words, but no sign shows that a machine wrote it: it is delivered."));
    private static readonly Dictionary<MailKind, Reason> _ownServer = Each(k =>
        new(k.Word() + ":own-server", $"{Named(k)} of your own server for its administrator."));

    /// <summary>Ordinary mail.</summary>
    public static Reason Mail { get; } = new("mail", "Ordinary mail.");

    /// <summary>Spam or worse, dressed as a bounce.</summary>
    public static Reason FakeBounce { get; } = new(BounceReport.FakeFormat, "Dressed as a bounce, and returns nothing: it wants a click.");

    /// <summary>The tag of the address is ours.</summary>
    public static Reason BatvPass { get; } = new("batv:pass", "The address it came to bears a tag that we signed.");

    /// <summary>The tag of the address is ours and too old.</summary>
    public static Reason BatvExpired { get; } = new(
        "batv:expired", "The address it came to bears a tag of ours that is too old.",
        "Raise batv.lifetime_days if servers answer later than that.");

    /// <summary>The tag of the address is not ours.</summary>
    public static Reason BatvForged { get; } = new(
        "batv:forged", "The address it came to bears a tag that we have not signed.",
        "After a loss of batv.keys restore the file: old tags fail without it.");

    /// <summary>An address that always bears a tag has none.</summary>
    public static Reason BatvMissing { get; } = new(
        "batv:missing", "The address always bears a tag when it sends (batv.always_signed), and this has none.",
        "Take the address off batv.always_signed if it also sends elsewhere.");

    /// <summary>A forwarder's address that we made.</summary>
    public static Reason SrsPass { get; } = new("srs:pass", "It came to an address that we made when we forwarded mail (SRS).");

    /// <summary>A forwarder's address that we made too long ago.</summary>
    public static Reason SrsExpired { get; } = new("srs:expired", "It came to an address that we made for forwarding (SRS) too long ago.");

    /// <summary>A forwarder's address that we did not make.</summary>
    public static Reason SrsForged { get; } = new(
        "srs:forged", "It came to an address that looks made for forwarding (SRS), and not by us.",
        "Name every secret that is in use in srs.secrets.");

    /// <summary>The Message-ID is ours.</summary>
    public static Reason SignedIdPass { get; } = new("signed-id:pass", "It answers a Message-ID that we signed.");

    /// <summary>The Message-ID is ours and too old.</summary>
    public static Reason SignedIdExpired { get; } = new(
        "signed-id:expired", "It answers a Message-ID that we signed too long ago.",
        "Raise backscatter.proof_window if servers answer later than that.");

    /// <summary>The Message-ID claims to be ours.</summary>
    public static Reason SignedIdForged { get; } = new(
        "signed-id:forged", "It answers a Message-ID that looks like ours, and that we have not signed for this address.");

    /// <summary>A DKIM signature of ours came back.</summary>
    public static Reason OwnDkimPass { get; } = new("own-dkim:pass", "It returns a DKIM signature of ours that is whole.");

    /// <summary>A header field of ours came back.</summary>
    public static Reason OwnFieldPass { get; } = new(
        "own-field:pass", "It returns a header field that only our mail bears (backscatter.own_fields).");

    /// <summary>The journal knows the Message-ID.</summary>
    public static Reason JournalMessageId { get; } = new(
        "journal:message-id", "The journal of what you sent has the Message-ID that it answers.");

    /// <summary>The journal knows the recipient.</summary>
    public static Reason JournalRecipient { get; } = new(
        "journal:recipient", "The journal of what you sent has a mail to the recipient that it tells of.");

    /// <summary>The journal was lost.</summary>
    public static Reason JournalLost { get; } = new(
        "journal:lost",
        "Nothing shows that you sent what it answers, and the journal of what you sent was lost lately: it is filed, not refused.",
        "See the log for the file that was set aside.");

    /// <summary>The journal cannot be read.</summary>
    public static Reason JournalFailed { get; } = new(
        "journal:failed",
        "Nothing shows that you sent what it answers, and the journal of what you sent cannot be read: it is filed, not refused.",
        "`backstop status` names the file and what is wrong with it.");

    /// <summary>A report of which nobody is flooded.</summary>
    /// <param name="kind">A complaint or a read receipt.</param>
    public static Reason OfKind(MailKind kind) => _ofKind[kind];

    /// <summary>A report to postmaster@ and the like.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason OfRole(MailKind kind) => _ofRole[kind];

    /// <summary>A report of which nothing shows that it answers mail of ours.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason Unproved(MailKind kind) => _unproved[kind];

    /// <summary>A message that is a report by its words only.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason Unsure(MailKind kind) => _unsure[kind];

    /// <summary>What the reader's own server tells its administrator.</summary>
    /// <param name="kind">What it is.</param>
    public static Reason OwnServer(MailKind kind) => _ownServer[kind];

    /// <summary>Every reason of this library.</summary>
    public static IReadOnlyList<Reason> All { get; } =
    [
        Mail, FakeBounce, BatvPass, BatvExpired, BatvForged, BatvMissing, SrsPass, SrsExpired, SrsForged, SignedIdPass, SignedIdExpired, SignedIdForged,
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
