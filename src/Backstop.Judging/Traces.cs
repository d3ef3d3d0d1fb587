using System.Diagnostics;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Judging;

/// <summary>The spans of a message's way, for whoever collects them. Nobody listens: nothing is made.</summary>
internal static class Traces
{
    /// <summary>The source's name.</summary>
    public const string Source = "Backstop";

    private static readonly ActivitySource _source = new(Source);

    /// <summary>A stage: <c>judge</c>, <c>scan</c>, <c>spool</c>.</summary>
    public static System.Diagnostics.Activity? Begin(string stage) => _source.StartActivity(stage);

    /// <summary>What became of the message. Addresses and subjects do not leave this host.</summary>
    public static void Decided(this System.Diagnostics.Activity? span, Verdict verdict) =>
        span?.SetTag("backstop.verdict", verdict.Action.ToString().ToLowerInvariant()).SetTag("backstop.reason", verdict.Reason.Word);
}
