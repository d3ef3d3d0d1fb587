using Backstop.Judging.Storms;

namespace Backstop.Terminal;

/// <summary>How <c>clean</c> shows its result.</summary>
internal sealed record CleanOutput
{
    /// <summary>
    /// Messages to list instead of campaigns: the id of a campaign, or <c>unsure</c>, <c>ours</c>, <c>backscatter</c>,
    /// <c>mail</c>, <c>all</c>.
    /// </summary>
    public IReadOnlyList<string> Show { get; init; } = [];

    /// <summary>
    /// The options of this command line, written for a shell, that the same command with <c>--apply</c> needs to choose
    /// and move the messages that this one listed.
    /// </summary>
    public string Repeated { get; init; } = "";

    /// <summary>The options that <c>undo</c> needs to find the run and reach the server.</summary>
    public string RepeatedByUndo { get; init; } = "";

    /// <summary>Whether NDJSON is printed instead of text.</summary>
    public bool IsJson { get; init; }

    /// <summary>The file for the report; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>The files for lists of hosts.</summary>
    public IReadOnlyList<(HostListFormat Format, string Path)> Hosts { get; init; } = [];
}
