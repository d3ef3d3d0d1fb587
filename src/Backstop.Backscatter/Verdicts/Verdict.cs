namespace Backstop.Backscatter.Verdicts;

/// <summary>What happens to a message.</summary>
public enum VerdictAction
{
    /// <summary>To the inbox.</summary>
    Deliver,

    /// <summary>To a folder beside the inbox.</summary>
    File,

    /// <summary>Refused inside the session, for good.</summary>
    Refuse,
}

/// <summary>The outcome about a message, with its reason.</summary>
/// <param name="Action">What happens.</param>
/// <param name="Folder">Where it goes when it is not refused: <c>INBOX</c> or a folder's name.</param>
/// <param name="Reason">The rule that decided, one of <see cref="Reasons"/> or of the server's.</param>
public sealed record Verdict(VerdictAction Action, string Folder, Reason Reason)
{
    /// <summary>Whether the message is not taken.</summary>
    public bool IsRefusal => Action == VerdictAction.Refuse;

    /// <summary>The folder of real mail.</summary>
    public const string Inbox = "INBOX";

    /// <summary>The folder of what returns nothing we are known to have sent.</summary>
    public const string BackscatterFolder = "Backscatter";

    /// <summary>A verdict that delivers to the inbox.</summary>
    /// <param name="reason">The rule that decided.</param>
    public static Verdict Deliver(Reason reason) => new(VerdictAction.Deliver, Inbox, reason);

    /// <summary>A verdict that files to <see cref="BackscatterFolder"/>.</summary>
    /// <param name="reason">The rule that decided.</param>
    public static Verdict File(Reason reason) => new(VerdictAction.File, BackscatterFolder, reason);

    /// <summary>A verdict that refuses for good.</summary>
    /// <param name="reason">The rule that decided.</param>
    public static Verdict Refuse(Reason reason) => new(VerdictAction.Refuse, "", reason);
}
