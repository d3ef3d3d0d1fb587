namespace Backstop.Backscatter.Verdicts;

/// <summary>What happens to a message.</summary>
public enum VerdictAction
{
    /// <summary>Delivered to the inbox.</summary>
    Deliver,

    /// <summary>Filed in a folder outside the inbox.</summary>
    File,

    /// <summary>Refused for good in the session.</summary>
    Refuse,
}

/// <summary>The decision about a message for one recipient, with its reason.</summary>
/// <param name="Action">What happens to it.</param>
/// <param name="Folder">Its folder if it is not refused: <c>INBOX</c> or a folder's name.</param>
/// <param name="Reason">The reason, one of <see cref="Reasons"/> or of the server's.</param>
public sealed record Verdict(VerdictAction Action, string Folder, Reason Reason)
{
    /// <summary>Whether the message is refused.</summary>
    public bool IsRefusal => Action == VerdictAction.Refuse;

    /// <summary>The name of the inbox.</summary>
    public const string Inbox = "INBOX";

    /// <summary>The folder for bounces and other automatic answers without proof.</summary>
    public const string BackscatterFolder = "Backscatter";

    /// <summary>Makes a verdict that delivers to the inbox.</summary>
    /// <param name="reason">Why the message is delivered.</param>
    public static Verdict Deliver(Reason reason) => new(VerdictAction.Deliver, Inbox, reason);

    /// <summary>Makes a verdict that files into <see cref="BackscatterFolder"/>.</summary>
    /// <param name="reason">Why the message is filed.</param>
    public static Verdict File(Reason reason) => new(VerdictAction.File, BackscatterFolder, reason);

    /// <summary>Makes a verdict that refuses for good.</summary>
    /// <param name="reason">Why the message is refused.</param>
    public static Verdict Refuse(Reason reason) => new(VerdictAction.Refuse, "", reason);
}
