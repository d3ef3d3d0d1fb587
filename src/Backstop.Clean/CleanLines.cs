namespace Backstop.Clean;

/// <summary>A host in the JSON of <c>clean</c>.</summary>
internal sealed record CleanHost(string Host, int Count);

/// <summary>A campaign in the JSON of <c>clean</c>.</summary>
internal sealed record CleanCampaign(
    string Type, string Campaign, string Pile, string Subject, int Count, DateTimeOffset First, DateTimeOffset Last,
    IReadOnlyDictionary<string, int> Kinds, int Hosts, IReadOnlyList<CleanHost> TopHosts, string Example);

/// <summary>A message in the JSON of <c>clean</c>.</summary>
internal sealed record CleanMessage(
    string Type, string Path, string Pile, string Kind, string Reason, string? Campaign, DateTimeOffset At, string? Host,
    string? Address);

/// <summary>
/// The counts of one cleaning, the last line of the JSON of <c>clean</c>. This is a contract: fields are added, never
/// changed.
/// </summary>
/// <param name="Mailbox">An absolute path, or the address of a folder on a server.</param>
/// <param name="Messages">How many messages were read.</param>
/// <param name="Backscatter">How many of them answer mail that was never sent.</param>
/// <param name="Kept">How many stay because they are mail, or answer mail that was sent.</param>
/// <param name="Unsure">How many stay because it cannot be told for certain what they answer.</param>
/// <param name="Moved">How many were moved; 0 without <see cref="CleanOptions.IsApply"/>.</param>
/// <param name="Seconds">How long the cleaning took.</param>
/// <param name="Run">The run that <c>undo</c> takes back; null where nothing was to be moved.</param>
/// <param name="Ours">How many of the messages that stay answer mail that was sent.</param>
/// <param name="Sent">How many sent messages are known.</param>
/// <param name="To">The folder that backscatter was moved to; empty where it was deleted.</param>
public sealed record CleanSummary(
    string Mailbox, int Messages, int Backscatter, int Kept, int Unsure, int Moved, double Seconds, string? Run, int Ours, long Sent,
    string To);

/// <summary>The last line of the JSON of <c>undo</c>.</summary>
internal sealed record UndoSummary(string Run, string Mailbox, int Restored, int Missing, int Appended, double Seconds);

/// <summary>A run in the list that <c>undo --json</c> prints when no run is named.</summary>
internal sealed record RunLine(string Run, string State, int Moved, string Format, string Mailbox, string To, DateTimeOffset At);
