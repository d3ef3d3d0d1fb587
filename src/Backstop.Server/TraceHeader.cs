using System.Globalization;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;

namespace Backstop.Server;

/// <summary>The header fields that we put before a message. Lines end in LF.</summary>
internal static class TraceHeader
{
    /// <summary>RFC 5321 §4.4: the Received field.</summary>
    public static string Received(Transaction transaction, string host, string queueId, DateTimeOffset now)
    {
        var client = transaction.Client;
        var address = client.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"IPv6:{client.Address}" : client.Address.ToString();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Received: from {Atom(client.Helo)} ([{address}])\n\tby {host} with {client.Protocol(transaction.SmtpUtf8)} id {queueId};\n\t{now:ddd, d MMM yyyy HH:mm:ss +0000}\n");
    }

    /// <summary>The fields of one copy: Return-Path (RFC 5321 §4.4), Delivered-To, and why it is where it is.</summary>
    public static string Copy(Transaction transaction, AcceptedRecipient recipient, BounceReport report, Verdict verdict) =>
        $"Return-Path: {transaction.ReversePath}\nDelivered-To: {recipient.ForwardPath}\n"
        + $"X-Backstop: {(verdict.Action == VerdictAction.File ? "file" : "deliver")}; reason={verdict.Reason}; kind={report.Kind.Word()}\n";

    // What the client said goes into a header: nothing that could end the line or the comment passes (the grammar lets none through either).
    private static string Atom(string text) =>
        text.Length == 0 ? "unknown" : string.Concat(text.Select(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '(' or ')' or ';' ? '?' : c));
}
