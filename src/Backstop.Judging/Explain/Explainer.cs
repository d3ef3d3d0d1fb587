using System.Diagnostics;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Mailboxes.Reading;

namespace Backstop.Judging.Explain;

/// <summary>Explains stored messages. Used by many threads at once.</summary>
/// <param name="options">The configuration.</param>
/// <param name="proving">Proves the origin of what a report returns.</param>
/// <param name="time">The clock.</param>
internal sealed class Explainer(BackstopOptions options, Proving proving, TimeProvider time)
{
    private readonly StoredJudge _judge = new(options, proving, asksWhoTo: true);

    /// <summary>Explains a message as if it arrived now.</summary>
    /// <param name="message">A message that was read from a file, stdin or a request.</param>
    /// <param name="known">The known parts of its envelope.</param>
    public Explanation Explain(FoundMessage message, KnownEnvelope known)
    {
        ArgumentNullException.ThrowIfNull(message);
        var started = Stopwatch.GetTimestamp();
        var now = time.GetUtcNow();
        var (report, verdict, proofs, ours) = _judge.Judge(new(message.Bytes), known, now);
        var cover = report.Kind == MailKind.None || ours.Length == 0 ? null : ((string, Cover)?)(ours, proving.Judge.CoverOf(ours, now));
        return Explanation.Of(message.Path, report, verdict, proofs, cover, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }
}
