using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Evals;

/// <summary>All addresses a message may come from or go to (PerMsgStatus.pm, all_from_addrs and all_to_addrs).</summary>
internal static class Senders
{
    private static readonly PerlRegex _dots = new("\\.+");
    private static readonly PerlRegex _receivedFor = new(" for <?(\\S+@(\\S+?))>?;");

    private static readonly string[] _senders = [
        "From:addr", "Envelope-Sender:addr", "Resent-Sender:addr", "X-Envelope-From:addr", "EnvelopeFrom:addr"];

    private static readonly string[] _recipients =
    [
        "To:addr", "Apparently-To:addr", "Delivered-To:addr", "Envelope-Recipients:addr", "Apparently-Resent-To:addr",
        "X-Envelope-To:addr", "Envelope-To:addr",
        "X-Delivered-To:addr", "X-Original-To:addr", "X-Rcpt-To:addr", "X-Real-To:addr", "Cc:addr",
    ];

    public static List<string> From(MessageScan scan) => scan.Remember("all_from", () =>
    {
        var headers = scan.Headers;
        var resent = headers.All("Resent-From:first:addr");
        var addresses = resent.Count > 0
            ? resent
            : _senders.SelectMany(headers.All).Where(a => a.Length > 0).Select(a => _dots.Replace(a, "."));
        return addresses.Distinct(StringComparer.Ordinal).ToList();
    });

    public static List<string> To(MessageScan scan) => scan.Remember("all_to", () =>
    {
        var headers = scan.Headers;
        List<string> resent = [.. headers.All("Resent-To:first:addr"), .. headers.All("Resent-Cc:first:addr")];
        if (resent.Count > 0)
        {
            return resent;
        }

        var received = headers.All("Received").Take(3).Select(l => _receivedFor.Match(l))
            .Where(m => m.Success && RegistryBoundaries.IsFullyQualified(RegistryBoundaries.ToAscii(m.Groups[2].Value)))
            .Select(m => m.Groups[1].Value);
        return received.Concat(_recipients.SelectMany(headers.All)).Distinct(StringComparer.Ordinal).ToList();
    });
}
