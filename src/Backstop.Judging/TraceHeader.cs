using System.Globalization;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Judging;

/// <summary>The header fields that we put before a message. Lines end in LF.</summary>
internal static class TraceHeader
{
    /// <summary>RFC 5321 §4.4: the Received field.</summary>
    public static string Received(Transaction transaction, string host, string queueId, DateTimeOffset now)
    {
        var client = transaction.Client;
        var address = client.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? $"IPv6:{client.Address}"
            : client.Address.ToString();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Received: from {Atom(client.Helo)} ([{address}])\n\tby {host} with {client.Protocol(transaction.SmtpUtf8)} id "
                + $"{queueId};\n\t{now:ddd, d MMM yyyy HH:mm:ss +0000}\n");
    }

    /// <summary>The fields that a spam filter must see before the message: who sent it here, and as whom.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="clientName">The name of the client's address in DNS; null where it has none; empty where nobody knows, which is
    /// no evidence.</param>
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

    /// <summary>The fields of one copy: Return-Path (RFC 5321 §4.4), Delivered-To, why it is where it is, and the spam filter's.</summary>
    public static string Copy(
        Transaction transaction, AcceptedRecipient recipient, BounceReport report, Verdict verdict, string filterFields) =>
        $"Return-Path: {transaction.ReversePath}\nDelivered-To: {recipient.ForwardPath}\n"
        + $"X-Backstop: {Reason(report, verdict)}\n{filterFields}";

    /// <summary>The body of the field that says why a message is where it is.</summary>
    public static string Reason(BounceReport report, Verdict verdict) =>
        $"{(verdict.Action == VerdictAction.File ? "file" : "deliver")}; reason={verdict.Reason}; kind={report.Kind.Word()}";

    /// <summary>Fields as names and bodies; folded lines keep their LF.</summary>
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

    // What the client said goes into a header: nothing that could end the line or the comment passes (the grammar lets none through
    // either).
    private static string Atom(string text) =>
        text.Length == 0
            ? "unknown"
            : string.Concat(text.Select(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '(' or ')' or ';' ? '?' : c));
}
