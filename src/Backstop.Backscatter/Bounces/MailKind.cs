namespace Backstop.Backscatter.Bounces;

/// <summary>The kinds of automatic messages.</summary>
public enum MailKind
{
    /// <summary>Not an automatic answer: mail.</summary>
    None,

    /// <summary>A bounce: a delivery failed for good (RFC 3464 action failed, or words that say so).</summary>
    Bounce,

    /// <summary>A notice that a delivery is delayed (RFC 3464 action delayed).</summary>
    Delay,

    /// <summary>A notice that a delivery succeeded (RFC 3464 action delivered, relayed, expanded).</summary>
    SuccessReport,

    /// <summary>An automatic reply of a person or ticket system (RFC 3834).</summary>
    AutoReply,

    /// <summary>A challenge: the sender must prove to be human, or the mail is not delivered.</summary>
    Challenge,

    /// <summary>A virus or content scanner's notice to the supposed sender.</summary>
    VirusNotice,

    /// <summary>A complaint (RFC 5965).</summary>
    FeedbackReport,

    /// <summary>A read receipt (RFC 8098).</summary>
    Mdn,
}

/// <summary>Converts kinds to and from the words in JSON and on the command line.</summary>
public static class MailKindWord
{
    /// <summary>Returns the kind's word, such as <c>virus-notice</c>.</summary>
    /// <param name="kind">Any value of the enumeration.</param>
    public static string Word(this MailKind kind) => kind switch
    {
        MailKind.Bounce => "bounce",
        MailKind.Delay => "delay",
        MailKind.SuccessReport => "success-report",
        MailKind.AutoReply => "autoreply",
        MailKind.Challenge => "challenge",
        MailKind.VirusNotice => "virus-notice",
        MailKind.FeedbackReport => "feedback-report",
        MailKind.Mdn => "mdn",
        _ => "none",
    };

    /// <summary>Returns the kind with that word, or null.</summary>
    /// <param name="word">Such as <c>virus-notice</c>.</param>
    public static MailKind? Parse(string word)
    {
        foreach (var kind in Enum.GetValues<MailKind>())
        {
            if (string.Equals(kind.Word(), word, StringComparison.Ordinal))
            {
                return kind;
            }
        }

        return null;
    }
}
