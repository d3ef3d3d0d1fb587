namespace Backstop.Backscatter.Storms;

/// <summary>The kinds of storms.</summary>
public enum StormKind
{
    /// <summary>Bounces, delays and notices for mail that was never sent.</summary>
    BounceFlood,

    /// <summary>Auto-replies of responders and ticket systems to mail in the victim's name.</summary>
    AutoReplyFlood,

    /// <summary>List confirmations, newsletters and accounts that the victim never asked for (subscription bombing).</summary>
    MailBomb,
}

/// <summary>What happened to one message of a storm.</summary>
public enum StormAction
{
    /// <summary>Refused for good before its data.</summary>
    RefusedAtRcpt,

    /// <summary>Refused for good at the end of its data.</summary>
    RefusedAtData,

    /// <summary>Refused for now.</summary>
    Deferred,

    /// <summary>Filed outside the inbox.</summary>
    Filed,

    /// <summary>Delivered to the inbox.</summary>
    Delivered,
}

/// <summary>Converts kinds and actions to and from the words in JSON, metrics and pages.</summary>
public static class StormWords
{
    /// <summary>Returns the kind's word, such as <c>bounce-flood</c>.</summary>
    /// <param name="kind">Any value of the enumeration.</param>
    public static string Word(this StormKind kind) => kind switch
    {
        StormKind.AutoReplyFlood => "autoreply-flood",
        StormKind.MailBomb => "mail-bomb",
        _ => "bounce-flood",
    };

    /// <summary>Returns the kind with that word.</summary>
    /// <param name="word">Such as <c>mail-bomb</c>.</param>
    public static StormKind ParseKind(string word) =>
        Enum.GetValues<StormKind>().FirstOrDefault(k => string.Equals(k.Word(), word, StringComparison.Ordinal));

    /// <summary>Returns the action's word, such as <c>refused-at-rcpt</c>.</summary>
    /// <param name="action">Any value of the enumeration.</param>
    public static string Word(this StormAction action) => action switch
    {
        StormAction.RefusedAtRcpt => "refused-at-rcpt",
        StormAction.RefusedAtData => "refused-at-data",
        StormAction.Deferred => "deferred",
        StormAction.Filed => "filed",
        _ => "delivered",
    };
}
