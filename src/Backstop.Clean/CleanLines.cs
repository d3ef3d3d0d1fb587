namespace Backstop.Clean;

/// <summary>A host in the JSON of <c>clean</c>.</summary>
internal sealed record CleanHost(string Host, int Count);

/// <summary>A campaign in the JSON of <c>clean</c>.</summary>
internal sealed record CleanCampaign(
    string Type, string Campaign, string Pile, string Subject, int Count, DateTimeOffset First, DateTimeOffset Last, IReadOnlyDictionary<string, int> Kinds,
    int Hosts, IReadOnlyList<CleanHost> TopHosts, string Example);

/// <summary>A message in the JSON of <c>clean</c>.</summary>
internal sealed record CleanMessage(
    string Type, string Path, string Pile, string Kind, string Reason, string? Campaign, DateTimeOffset At, string? Host,
    string? Address);

/// <summary>The counts of one cleaning; the last line of the JSON of <c>clean</c>. A contract: fields are added, never changed.</summary>
/// <param name="Mailbox">The mailbox: an absolute path, or a server's address.</param>
/// <param name="Messages">Messages read.</param>
/// <param name="Backscatter">Messages that answer mail that was never sent.</param>
/// <param name="Kept">Messages that stay: mail, and answers to mail that was sent.</param>
/// <param name="Unsure">Messages of which nothing tells for certain; they stay.</param>
/// <param name="Moved">Messages moved; 0 without <see cref="CleanOptions.IsApply"/>.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Run">The run that undo takes back; null where nothing was to be moved.</param>
/// <param name="Ours">Of the messages that stay, those that answer mail that was sent.</param>
/// <param name="Sent">Sent messages known.</param>
/// <param name="To">The folder they were moved to; empty where they were deleted.</param>
public sealed record CleanSummary(
    string Mailbox, int Messages, int Backscatter, int Kept, int Unsure, int Moved, double Seconds, string? Run, int Ours, long Sent, string To);

/// <summary>The last line of the JSON of <c>undo</c>.</summary>
internal sealed record UndoSummary(string Run, string Mailbox, int Restored, int Missing, int Appended, double Seconds);

/// <summary>A run in the JSON of <c>undo</c> without a name.</summary>
internal sealed record RunLine(string Run, string State, int Moved, string Format, string Mailbox, string To, DateTimeOffset At);
