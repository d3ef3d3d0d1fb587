using System.Text.Json.Serialization;
using Backstop.Judging;
using Backstop.Judging.Protections;
using Backstop.State;

namespace Backstop.Server.Status;

/// <summary>A folder that cannot be delivered to now.</summary>
/// <param name="Mailbox">The path of the mailbox.</param>
/// <param name="Folder">INBOX or the name of a folder.</param>
/// <param name="Waiting">How many messages wait for it.</param>
/// <param name="Failures">Failed tries since the last success.</param>
/// <param name="Error">The last error.</param>
/// <param name="RetryAt">The time of the next try.</param>
internal sealed record FailingStatus(string Mailbox, string Folder, int Waiting, int Failures, string Error, DateTimeOffset RetryAt);

/// <summary>The state of a DNS list.</summary>
/// <param name="Zone">The zone of the list.</param>
/// <param name="State">Whether its answers are used.</param>
/// <param name="Rests">Whether it is suspended after failures.</param>
internal sealed record ListStatus(string Zone, string State, bool Rests);

/// <summary>
/// How well the sent mail of an address is known, which decides whether an unproved bounce to it is refused.
/// </summary>
/// <param name="Address">The address of the mailbox.</param>
/// <param name="IsCovered">Whether it is known well enough.</param>
/// <param name="Why">The explanation in one sentence.</param>
/// <param name="Messages">How many sent messages are known.</param>
/// <param name="Since">When the first of them was sent; null for none.</param>
/// <param name="Replies">How many replies to its mail came in the last thirty days.</param>
/// <param name="RepliesToKnown">How many of them answer mail that is known.</param>
internal sealed record CoverStatus(
    string Address, bool IsCovered, string Why, long Messages, DateTimeOffset? Since, long Replies, long RepliesToKnown);

/// <summary>A storm that has not ended.</summary>
/// <param name="Id">The id of the storm.</param>
/// <param name="Kind">The kind of its messages.</param>
/// <param name="Victim">The address or domain that it hits.</param>
/// <param name="Started">When it began.</param>
/// <param name="Count">How many messages it has.</param>
internal sealed record StormStatus(string Id, string Kind, string Victim, DateTimeOffset Started, long Count);

/// <summary>Networks that ask for many recipients that do not exist, or make other errors.</summary>
/// <param name="Networks">How many are over their budget now.</param>
/// <param name="Attempts">How often one exceeded it since the start.</param>
/// <param name="Last">The last one; empty for none.</param>
/// <param name="LastAt">When it did; null for none.</param>
/// <param name="Delayed">How many sessions wait now for the answers to their errors.</param>
internal sealed record HarvestStatus(int Networks, long Attempts, string Last, DateTimeOffset? LastAt, int Delayed);

/// <summary>The state of a store of the data folder.</summary>
/// <param name="Name">Its content: <c>journal</c>, <c>correspondents</c>, <c>bayes</c>, <c>storms</c>,
/// <c>overrides</c>,
/// <c>certificate</c>.</param>
/// <param name="Path">The file or folder.</param>
/// <param name="State"><c>ok</c>; <c>lost</c> where it was damaged and replaced by an empty one; else the present
/// fault, such as
/// <c>locked</c>.</param>
/// <param name="Error">The error text; empty where there is no error.</param>
/// <param name="Since">When the fault began; null where there is none.</param>
/// <param name="SetAside">The path that the damaged file was moved to; null where there is none.</param>
internal sealed record StoreStatus(string Name, string Path, string State, string Error, DateTimeOffset? Since, string? SetAside)
{
    internal static StoreStatus Of(StoreState state) =>
        new(state.Name, state.Path, StoreWatch.Word(state), state.Error, state.Since ?? state.LostAt, state.SetAside);
}

/// <summary>How the last reload of the configuration went.</summary>
/// <param name="At">When it was.</param>
/// <param name="IsTaken">Whether the new configuration is in force; else the one before it is.</param>
/// <param name="Waiting">The keys whose change waits for a restart.</param>
/// <param name="Errors">Why it was refused.</param>
internal sealed record ReloadStatus(DateTimeOffset At, bool IsTaken, IReadOnlyList<string> Waiting, IReadOnlyList<string> Errors);

/// <summary>The state of the running server, as /status shows it.</summary>
/// <param name="Hostname">The name of this host.</param>
/// <param name="Sessions">Open sessions.</param>
/// <param name="Waiting">Messages accepted and not yet in all their folders.</param>
/// <param name="FreeBytes">Free space on the spool's disk.</param>
/// <param name="RoomIsShort">Whether new mail is refused with 452, because space is short.</param>
/// <param name="Failing">Folders that cannot be delivered to.</param>
/// <param name="Lists">The DNS lists.</param>
/// <param name="Coverage">The mailboxes, at most a hundred, and how well their sent mail is known.</param>
/// <param name="MessagesGenerated">Mails that Backstop itself has sent: alerts to <c>alert.mail_to</c>, and nothing
/// else.</param>
internal sealed record ServerStatus(
    string Hostname, int Sessions, int Waiting, long FreeBytes, bool RoomIsShort,
    IReadOnlyList<FailingStatus> Failing, IReadOnlyList<ListStatus> Lists,
    IReadOnlyList<CoverStatus> Coverage, long MessagesGenerated)
{
    /// <summary>The present step of the ladder: what is left out under load.</summary>
    public string Ladder { get; init; } = "";

    /// <summary>Messages that wait for a person: they are on hold, or their mailbox is not configured any more.</summary>
    public int Stopped { get; init; }

    /// <summary>Sessions by the class of their last message: known, ordinary, null-sender, suspect.</summary>
    public IReadOnlyDictionary<string, int> Lanes { get; init; } = new Dictionary<string, int>();

    /// <summary>The storms that have not ended.</summary>
    public IReadOnlyList<StormStatus> Storms { get; init; } = [];

    /// <summary>Networks that guess addresses.</summary>
    public HarvestStatus Harvest { get; init; } = new(0, 0, "", null, 0);

    /// <summary>Why the spam rules scan no mail; empty where they do, are being read, or are not configured.</summary>
    public string SpamRules { get; init; } = "";

    /// <summary>How the last reload went; null where there was none since the start.</summary>
    public ReloadStatus? Reload { get; init; }

    /// <summary>The stores of the data folder.</summary>
    public IReadOnlyList<StoreStatus> Stores { get; init; } = [];

    /// <summary>Every protection: those that work, those that the configuration leaves off, and those that do not work.</summary>
    public IReadOnlyList<Protection> Protections { get; init; } = [];

    /// <summary>The protections that the configuration asks for and that do not work.</summary>
    internal IEnumerable<Protection> Down => Protections.Where(p => p.State == ProtectionState.Down);
}

/// <summary>JSON serialization of the status.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ServerStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
