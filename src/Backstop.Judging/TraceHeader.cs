using System.Globalization;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Judging;

/// <summary>The header fields that we write in front of a message. Lines end in LF.</summary>
internal static class TraceHeader
{
    private const string OriginalTo = "X-Original-To: ";

    /// <summary>Whether a copy came to its mailbox by an alias.</summary>
    /// <param name="copy">What <see cref="Copy"/> has returned.</param>
    public static bool IsOfAlias(string copy) => copy.Contains("\n" + OriginalTo, StringComparison.Ordinal);

    /// <summary>
    /// RFC 5321 §4.4: the Received field, in the form that filters read: the name that the client gave, then what DNS says.
    /// </summary>
    /// <param name="transaction">The client, the sender and the accepted recipients.</param>
    /// <param name="clientName">The confirmed DNS name of the client's address; null if it has none; empty if the name is not
    /// known, and then none is written.</param>
    /// <param name="host">This host.</param>
    /// <param name="queueId">The message's id here.</param>
    /// <param name="now">The time.</param>
    public static string Received(Transaction transaction, string? clientName, string host, string queueId, DateTimeOffset now)
    {
        var client = transaction.Client;
        var name = clientName switch { null => "unknown ", "" => "", _ => Atom(clientName) + " " };
        var address = client.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? $"IPv6:{client.Address}"
            : client.Address.ToString();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Received: from {Atom(client.Helo)} ({name}[{address}])\n\tby {host} with {client.Protocol(transaction.SmtpUtf8)} id "
                + $"{queueId};\n\t{now:ddd, d MMM yyyy HH:mm:ss +0000}\n");
    }

    /// <summary>
    /// Returns the fields that a spam filter needs in front of the message: the client, and the name it gave.
    /// </summary>
    /// <param name="transaction">The client, the sender and the accepted recipients.</param>
    /// <param name="clientName">The DNS name of the client's address; null if it has none; empty if the name is
    /// unknown, and then counts neither way.</param>
    /// <param name="host">This host.</param>
    /// <param name="now">The time.</param>
    public static string ForFilter(Transaction transaction, string? clientName, string host, DateTimeOffset now)
    {
        var client = transaction.Client;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Return-Path: {transaction.ReversePath}\nReceived: from {Atom(client.Helo)} "
                + $"({clientName switch { null => "unknown", "" => Atom(client.Helo), _ => clientName }} [{client.Address}])\n\tby "
                + $"{host} (Postfix) with {client.Protocol(transaction.SmtpUtf8)} id 0;\n\t{now:ddd, d MMM yyyy HH:mm:ss +0000}\n");
    }

    /// <summary>
    /// Returns the fields of one copy: Return-Path (RFC 5321 §4.4), Delivered-To, the reason for its folder, and the
    /// spam filter's fields. Where an alias led to the mailbox, Delivered-To has the mailbox's address, and X-Original-To the alias, as
    /// Postfix writes them.
    /// </summary>
    public static string Copy(
        Transaction transaction, AcceptedRecipient recipient, BounceReport report, Verdict verdict, string filterFields) =>
        $"Return-Path: {transaction.ReversePath}\n"
        + (recipient.Known.IsAlias
            ? $"{OriginalTo}{recipient.ForwardPath}\nDelivered-To: {recipient.Known.Mailbox.Address}\n"
            : $"Delivered-To: {recipient.ForwardPath}\n")
        + $"X-Backstop: {Reason(report, verdict)}\n{filterFields}";

    /// <summary>Returns the body of the field with the verdict and its reason.</summary>
    public static string Reason(BounceReport report, Verdict verdict) =>
        $"{(verdict.Action == VerdictAction.File ? "file" : "deliver")}; reason={verdict.Reason}; kind={report.Kind.Word()}";

    /// <summary>Splits fields into names and bodies; folded lines keep their LF.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Split(string fields)
    {
        for (var at = 0; at < fields.Length;)
        {
            var end = at;
            do
            {
                end = fields.IndexOf('\n', end) is >= 0 and var lf ? lf + 1 : fields.Length;
            }
            while (end < fields.Length && fields[end] is ' ' or '\t');

            var colon = fields.IndexOf(':', at);
            yield return new(fields[at..colon], fields[(colon + 1)..end].Trim());
            at = end;
        }
    }

    // The client's words go into a header: whatever could end the line or the comment is removed, although the grammar
    // already excludes it.
    private static string Atom(string text) =>
        text.Length == 0
            ? "unknown"
            : string.Concat(text.Select(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '(' or ')' or ';' ? '?' : c));
}
