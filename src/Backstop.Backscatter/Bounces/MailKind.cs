namespace Backstop.Backscatter.Bounces;

/// <summary>What an automatic message is.</summary>
public enum MailKind
{
    /// <summary>No automatic answer: mail.</summary>
    None,

    /// <summary>A delivery failed for good (RFC 3464 action failed, or its words).</summary>
    Bounce,

    /// <summary>A delivery is late (RFC 3464 action delayed).</summary>
    Delay,

    /// <summary>A delivery succeeded (RFC 3464 action delivered, relayed, expanded).</summary>
    SuccessReport,

    /// <summary>A person or ticket system answers by machine (RFC 3834).</summary>
    AutoReply,

    /// <summary>Prove that you are human, or your mail is not delivered.</summary>
    Challenge,

    /// <summary>A virus or content scanner tells the supposed sender.</summary>
    VirusNotice,

    /// <summary>A complaint (RFC 5965).</summary>
    FeedbackReport,

    /// <summary>A read receipt (RFC 8098).</summary>
    Mdn,
}

/// <summary>The words for kinds that the command line and JSON use.</summary>
public static class MailKindWord
{
    /// <summary>The kind's word, such as <c>virus-notice</c>.</summary>
    /// <param name="kind">The kind.</param>
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

    /// <summary>The kind of that word, or null.</summary>
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
