using Backstop.SpamRules.Scanning;

namespace Backstop.Scan;

/// <summary>The JSON of <c>scan</c>: one message.</summary>
internal sealed record ScanLine(
    string Path, double Score, double Required, bool Spam, IReadOnlyList<ScanHit> Hits, double Milliseconds,
    IReadOnlyList<string> OutOfSteps)
{
    public static ScanLine Of(string path, ScanResult result, TimeSpan elapsed) => new(
        path, result.Score, result.Required, result.IsSpam, [.. result.Hits.Select(h => new ScanHit(h.Rule, h.Score, h.Description))],
        Math.Round(elapsed.TotalMilliseconds, 3), result.OutOfSteps);
}

internal sealed record ScanHit(string Rule, double Score, string Description);

/// <summary>A rule that cannot run here, or a line that was not understood.</summary>
internal sealed record ScanGap(string Rule, string Why);
