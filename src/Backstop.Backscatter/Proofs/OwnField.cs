using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// A header field that only our mail carries: <c>X-Campaign-Id</c>, or with how its value begins <c>X-Campaign-Id: s3cret-</c>.
/// </summary>
/// <remarks>
/// Weak: whoever has one mail of ours can write the field. It keeps out spam by those who have none, which is most; it never
/// refutes. The value makes it hard to guess, not hard to copy.
/// </remarks>
public sealed record OwnField
{
    // What every message may carry, whoever sent it (RFC 5322 §3.6, RFC 2045 §3), and what servers write on the way.
    private static readonly FrozenSet<string> _anybodys = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "Comments", "Keywords", "Date", "Return-Path",
        "Received", "MIME-Version", "DKIM-Signature", "DomainKey-Signature", "Authentication-Results", "Received-SPF", "Delivered-To", "X-Original-To",
        "Envelope-To", "X-Received", "Errors-To", "Apparently-To", "Status", "X-Status", "Lines");

    private static readonly string[] _anybodysPrefixes = ["Resent-", "Content-", "ARC-", "X-Spam-", "X-Virus-", "X-Backstop"];

    // What programs and lists write of themselves: in the mail of many senders, but its value may be one's own.
    private static readonly FrozenSet<string> _common = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "User-Agent", "X-Mailer", "X-MimeOLE", "Precedence", "Auto-Submitted", "Importance", "Priority", "Sensitivity", "X-Priority", "X-MSMail-Priority",
        "Organization", "Thread-Index", "Thread-Topic", "Feedback-ID", "X-Originating-IP", "X-Sender", "X-Report-Abuse", "X-Abuse", "X-PHP-Originating-Script",
        "Accept-Language", "X-Auto-Response-Suppress", "X-Loop", "X-BeenThere", "Disposition-Notification-To", "Return-Receipt-To", "Autocrypt", "Face", "X-Face");

    private static readonly string[] _commonPrefixes = ["List-", "X-MS-", "X-Google-", "X-Mailman-", "X-AntiAbuse", "X-Gm-"];

    private OwnField(string name, string prefix)
    {
        Name = name;
        Prefix = prefix;
    }

    /// <summary>The field's name, compared in any case.</summary>
    public string Name { get; }

    /// <summary>How its value begins, in this case; empty where the field alone proves.</summary>
    public string Prefix { get; }

    /// <summary>Reads <c>Name</c> or <c>Name: how its value begins</c>.</summary>
    /// <param name="text">What was configured.</param>
    /// <param name="field">The field; null where something is wrong.</param>
    /// <param name="error">What is wrong with it and what would be right; empty where nothing is.</param>
    /// <returns>Whether it is one.</returns>
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
        // RFC 5322 §3.6.8: printable ASCII but the colon.
        if (name.Length == 0 || name.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return $"\"{name}\" is not the name of a header field; write one such as \"X-Campaign-Id\", or \"X-Campaign-Id: s3cret-\" "
                + $"for how its value begins";
        }

        if (_anybodys.Contains(name) || StartsWithAny(name, _anybodysPrefixes))
        {
            return $"\"{name}\" is a field of anybody's mail and proves nothing; name one that only your own mail carries, such as "
                + $"\"X-Campaign-Id\"";
        }

        if (hasColon && prefix.Length == 0)
        {
            return $"\"{name}:\" has no value behind the colon; give how it begins, or leave the colon out";
        }

        if (Encoding.UTF8.GetByteCount(prefix) != prefix.Length || prefix.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return $"the value of \"{name}\" is not printable ASCII; give it as it stands in the header";
        }

        return prefix.Length == 0 && (_common.Contains(name) || StartsWithAny(name, _commonPrefixes))
            ? $"\"{name}\" stands in the mail of many senders; give how your value begins: \"{name}: ...\""
            : "";
    }

    private static bool StartsWithAny(string name, string[] prefixes) =>
        Array.Exists(prefixes, p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase));
}
