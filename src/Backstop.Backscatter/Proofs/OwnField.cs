using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// A header field that only our mail carries: <c>X-Campaign-Id</c>, or with the beginning of its value,
/// <c>X-Campaign-Id: s3cret-</c>.
/// </summary>
/// <remarks>
/// Weak: anybody who has one mail of ours can write the field. It stops spam from those who have none, which is most;
/// it never refutes. The value makes the field hard to guess, but not hard to copy.
/// </remarks>
public sealed record OwnField
{
    // Fields that any message may carry (RFC 5322 §3.6, RFC 2045 §3), and those that servers add on the way.
    private static readonly FrozenSet<string> _anybodys = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "Comments",
        "Keywords", "Date", "Return-Path",
        "Received", "MIME-Version", "DKIM-Signature", "DomainKey-Signature", "Authentication-Results", "Received-SPF",
        "Delivered-To", "X-Original-To",
        "Envelope-To", "X-Received", "Errors-To", "Apparently-To", "Status", "X-Status", "Lines");

    private static readonly string[] _anybodysPrefixes = ["Resent-", "Content-", "ARC-", "X-Spam-", "X-Virus-", "X-Backstop"];

    // Fields that programs and lists add: many senders' mail has them, but the value may be unique.
    private static readonly FrozenSet<string> _common = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "User-Agent", "X-Mailer", "X-MimeOLE", "Precedence", "Auto-Submitted", "Importance", "Priority", "Sensitivity",
        "X-Priority", "X-MSMail-Priority",
        "Organization", "Thread-Index", "Thread-Topic", "Feedback-ID", "X-Originating-IP", "X-Sender", "X-Report-Abuse",
        "X-Abuse", "X-PHP-Originating-Script",
        "Accept-Language", "X-Auto-Response-Suppress", "X-Loop", "X-BeenThere", "Disposition-Notification-To",
        "Return-Receipt-To", "Autocrypt", "Face", "X-Face");

    private static readonly string[] _commonPrefixes = ["List-", "X-MS-", "X-Google-", "X-Mailman-", "X-AntiAbuse", "X-Gm-"];

    private OwnField(string name, string prefix)
    {
        Name = name;
        Prefix = prefix;
    }

    /// <summary>The field's name, compared in any case.</summary>
    public string Name { get; }

    /// <summary>The beginning of its value, case-sensitive; empty if the field alone proves.</summary>
    public string Prefix { get; }

    /// <summary>Parses <c>Name</c> or <c>Name: beginning of the value</c>.</summary>
    /// <param name="text">The configured text.</param>
    /// <param name="field">The field; null if the text is invalid.</param>
    /// <param name="error">What is wrong with it and what to write instead; empty if nothing.</param>
    /// <returns>Whether the text is valid.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out OwnField? field, out string error)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = (colon < 0 ? text : text[..colon]).Trim();
        var prefix = colon < 0 ? "" : text[(colon + 1)..].Trim();
        error = Wrong(name, prefix, hasColon: colon >= 0);
        field = error.Length == 0 ? new(name, prefix) : null;
        return field is not null;
    }

    private static string Wrong(string name, string prefix, bool hasColon)
    {
        // RFC 5322 §3.6.8: printable ASCII except the colon.
        if (name.Length == 0 || name.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return $"\"{name}\" is not the name of a header field; write one such as \"X-Campaign-Id\", or with the "
                + $"beginning of its value \"X-Campaign-Id: s3cret-\"";
        }

        if (_anybodys.Contains(name) || StartsWithAny(name, _anybodysPrefixes))
        {
            return $"\"{name}\" may be in anybody's mail and proves nothing; name one that only your own mail carries, such as "
                + $"\"X-Campaign-Id\"";
        }

        if (hasColon && prefix.Length == 0)
        {
            return $"\"{name}:\" has no value behind the colon; give the beginning of the value, or omit the colon";
        }

        if (Encoding.UTF8.GetByteCount(prefix) != prefix.Length || prefix.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return $"the value of \"{name}\" is not printable ASCII; write it exactly as in the header";
        }

        return prefix.Length == 0 && (_common.Contains(name) || StartsWithAny(name, _commonPrefixes))
            ? $"\"{name}\" is in the mail of many senders; add the beginning of your value: \"{name}: ...\""
            : "";
    }

    private static bool StartsWithAny(string name, string[] prefixes) =>
        Array.Exists(prefixes, p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase));
}
