using System.Diagnostics;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Judging;

/// <summary>The trace spans of a message. Without a collector nothing is created.</summary>
internal static class Traces
{
    /// <summary>The name of the activity source.</summary>
    public const string Source = "Backstop";

    private static readonly ActivitySource _source = new(Source);

    /// <summary>Begins a span: <c>judge</c>, <c>scan</c> or <c>spool</c>.</summary>
    public static System.Diagnostics.Activity? Begin(string stage) => _source.StartActivity(stage);

    /// <summary>Adds the verdict to a span. Addresses and subjects do not leave this host.</summary>
    public static void Decided(this System.Diagnostics.Activity? span, Verdict verdict) =>
        span?.SetTag("backstop.verdict", verdict.Action.ToString().ToLowerInvariant()).SetTag("backstop.reason", verdict.Reason.Word);
}
