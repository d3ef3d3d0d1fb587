namespace Backstop.Backscatter.Storms;

/// <summary>What a storm is made of.</summary>
public enum StormKind
{
    /// <summary>Bounces, delays and notices for mail that was never sent.</summary>
    BounceFlood,

    /// <summary>Answering machines and ticket systems, asked in the victim's name.</summary>
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

    /// <summary>Asked to come again later.</summary>
    Deferred,

    /// <summary>Filed beside the inbox.</summary>
    Filed,

    /// <summary>In the inbox.</summary>
    Delivered,
}

/// <summary>The words for kinds and actions that JSON, metrics and pages use.</summary>
public static class StormWords
{
    /// <summary>The kind's word, such as <c>bounce-flood</c>.</summary>
    /// <param name="kind">The kind.</param>
    public static string Word(this StormKind kind) => kind switch
    {
        StormKind.AutoReplyFlood => "autoreply-flood",
        StormKind.MailBomb => "mail-bomb",
        _ => "bounce-flood",
    };

    /// <summary>The kind of that word.</summary>
    /// <param name="word">Such as <c>mail-bomb</c>.</param>
    public static StormKind ParseKind(string word) =>
        Enum.GetValues<StormKind>().FirstOrDefault(k => string.Equals(k.Word(), word, StringComparison.Ordinal));

    /// <summary>The action's word, such as <c>refused-at-rcpt</c>.</summary>
    /// <param name="action">The action.</param>
    public static string Word(this StormAction action) => action switch
    {
        StormAction.RefusedAtRcpt => "refused-at-rcpt",
        StormAction.RefusedAtData => "refused-at-data",
        StormAction.Deferred => "deferred",
        StormAction.Filed => "filed",
        _ => "delivered",
    };
}
