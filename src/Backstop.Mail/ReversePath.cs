namespace Backstop.Mail;

/// <summary>The envelope sender given in MAIL FROM. Without an address it is the null reverse-path, <c>&lt;&gt;</c>.</summary>
/// <remarks>RFC 5321 §4.5.5: a message with the null reverse-path must never be answered with another message.</remarks>
/// <param name="Address">The mailbox; null for the null reverse-path.</param>
public readonly record struct ReversePath(MailAddress? Address)
{
    /// <summary>The null reverse-path: a message with it must never be answered with another message.</summary>
    public static ReversePath Null => default;

    /// <summary>Whether it is the null reverse-path: a failure to deliver the message must not be reported.</summary>
    public bool IsNull => Address is null;

    /// <inheritdoc />
    public override string ToString() => $"<{Address}>";
}
