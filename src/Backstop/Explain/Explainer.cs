using System.Diagnostics;
using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.Server;
using Backstop.Server.Options;

namespace Backstop.Explain;

/// <summary>Does to a stored message what the server does to an arriving one, as far as the file still tells. Used by many threads at once.</summary>
/// <param name="options">The configuration.</param>
/// <param name="proving">What can prove an origin.</param>
/// <param name="to">Who it came to; null to believe the header.</param>
/// <param name="time">The clock.</param>
internal sealed class Explainer(BackstopOptions options, Proving proving, MailAddress? to, TimeProvider time)
{
    // The fields that name the recipient, the most telling first.
    private static readonly byte[][] _recipientFields =
        ["X-Original-To"u8.ToArray(), "Delivered-To"u8.ToArray(), "Envelope-To"u8.ToArray(), "X-Envelope-To"u8.ToArray(), "To"u8.ToArray()];

    private readonly Recipients? _recipients = options.Mailboxes.Count > 0 ? new(options) : null;

    public Explanation Explain(FoundMessage message)
    {
        var started = Stopwatch.GetTimestamp();
        var now = time.GetUtcNow();
        var report = BounceClassifier.Classify(message.Bytes, nullReversePath: null);
        var address = to ?? RecipientOf(message.Bytes.Span);
        var known = address is null ? null : _recipients?.Find(address);
        var tag = address is null ? null : BatvTag.TryParse(address);
        var made = address is null ? null : SrsAddress.TryParse(address);
        IReadOnlyList<string> ours = known?.Ours ?? [(tag?.Original ?? address)?.Key ?? ""];
        var envelope = new Envelope(
            known?.IsRole ?? false, tag is null ? BatvOutcome.None : proving.Batv.Check(tag, now), ours, made is null ? SignedOutcome.None : proving.Srs.Check(made, now));
        var (verdict, proofs) = proving.Judge.Decide(report, envelope, now);
        var cover = report.Kind == MailKind.None || ours[0].Length == 0 ? null : ((string, Cover)?)(ours[0], proving.Judge.CoverOf(ours[0], now));
        return Explanation.Of(message.Path, report, verdict, proofs, cover, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    private static MailAddress? RecipientOf(ReadOnlySpan<byte> message)
    {
        var fields = new List<HeaderField>();
        HeaderScan.Scan(message, fields);
        foreach (var name in _recipientFields)
        {
            if (fields.Text(message, name) is { } body && MailAddress.TryParse(HeaderText.FirstAddress(body) ?? body) is { } address)
            {
                return address;
            }
        }

        return null;
    }
}
