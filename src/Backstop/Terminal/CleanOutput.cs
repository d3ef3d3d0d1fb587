using Backstop.Judging.Storms;

namespace Backstop.Terminal;

/// <summary>How <c>clean</c> shows what it found.</summary>
internal sealed record CleanOutput
{
    /// <summary>
    /// Messages to list instead of campaigns: of a campaign, or <c>unsure</c>, <c>ours</c>, <c>backscatter</c>, <c>mail</c>,
    /// <c>all</c>.
    /// </summary>
    public IReadOnlyList<string> Show { get; init; } = [];

    /// <summary>NDJSON instead of text.</summary>
    public bool IsJson { get; init; }

    /// <summary>The report's file.</summary>
    public string? Report { get; init; }

    /// <summary>Files of the lists of hosts.</summary>
    public IReadOnlyList<(HostListFormat Format, string Path)> Hosts { get; init; } = [];
}
