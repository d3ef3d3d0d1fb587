using System.Text.Json.Serialization;
using Backstop.Judging;
using Backstop.State;

namespace Backstop.Server.Status;

/// <summary>A folder that mail cannot be delivered to just now.</summary>
/// <param name="Mailbox">Its path.</param>
/// <param name="Folder">INBOX or a folder's name.</param>
/// <param name="Waiting">Messages waiting for it.</param>
/// <param name="Failures">Tries since the last success.</param>
/// <param name="Error">What went wrong last.</param>
/// <param name="RetryAt">When it is tried again.</param>
internal sealed record FailingStatus(string Mailbox, string Folder, int Waiting, int Failures, string Error, DateTimeOffset RetryAt);

/// <summary>A DNS list.</summary>
/// <param name="Zone">Its zone.</param>
/// <param name="State">Whether it is believed.</param>
/// <param name="Rests">Whether it rests after failures.</param>
internal sealed record ListStatus(string Zone, string State, bool Rests);

/// <summary>How well an address's sent mail is known: whether a bounce to it is refused for want of proof.</summary>
/// <param name="Address">The mailbox.</param>
/// <param name="IsCovered">Whether it is known well enough.</param>
/// <param name="Why">In one sentence.</param>
/// <param name="Messages">How many of its messages are known.</param>
/// <param name="Since">When the first was sent; null for none.</param>
/// <param name="Replies">Answers to its mail in the last thirty days.</param>
/// <param name="RepliesToKnown">How many of them answer mail that is known.</param>
internal sealed record CoverStatus(
    string Address, bool IsCovered, string Why, long Messages, DateTimeOffset? Since, long Replies, long RepliesToKnown);

/// <summary>A storm that lasts.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Kind">What it is made of.</param>
/// <param name="Victim">Whom it hits.</param>
/// <param name="Started">When it began.</param>
/// <param name="Count">How many messages.</param>
internal sealed record StormStatus(string Id, string Kind, string Victim, DateTimeOffset Started, long Count);

/// <summary>A store of the data folder.</summary>
/// <param name="Name">What it holds: <c>journal</c>, <c>correspondents</c>, <c>bayes</c>, <c>storms</c>, <c>overrides</c>,
/// <c>certificate</c>.</param>
/// <param name="Path">The file or folder.</param>
/// <param name="State"><c>ok</c>; <c>lost</c> where it was damaged and begun anew; else what is wrong just now, such as
/// <c>locked</c>.</param>
/// <param name="Error">In words; empty where nothing is wrong.</param>
/// <param name="Since">Since when; null where nothing is wrong.</param>
/// <param name="SetAside">Where what was damaged lies; null where nothing was.</param>
internal sealed record StoreStatus(string Name, string Path, string State, string Error, DateTimeOffset? Since, string? SetAside)
{
    internal static StoreStatus Of(StoreState state) =>
        new(state.Name, state.Path, StoreWatch.Word(state), state.Error, state.Since ?? state.LostAt, state.SetAside);
}

/// <summary>What the running server says of itself at /status.</summary>
/// <param name="Hostname">This host.</param>
/// <param name="Sessions">Open sessions.</param>
/// <param name="Waiting">Messages accepted and not yet in all their folders.</param>
/// <param name="FreeBytes">Free room on the spool's disk.</param>
/// <param name="RoomIsShort">Whether new mail is answered 452 for want of room.</param>
/// <param name="Failing">Folders that cannot be delivered to.</param>
/// <param name="Lists">The DNS lists.</param>
/// <param name="Coverage">The mailboxes, at most a hundred, and how well their sent mail is known.</param>
/// <param name="MessagesGenerated">Mails made by Backstop itself: alerts to <c>alert.mail_to</c>, and nothing else.</param>
internal sealed record ServerStatus(
    string Hostname, int Sessions, int Waiting, long FreeBytes, bool RoomIsShort, IReadOnlyList<FailingStatus> Failing, IReadOnlyList<ListStatus> Lists,
    IReadOnlyList<CoverStatus> Coverage, long MessagesGenerated)
{
    /// <summary>The ladder's step: what is done under load.</summary>
    public string Ladder { get; init; } = "";

    /// <summary>Sessions by the class of their last message: known, ordinary, null-sender, suspect.</summary>
    public IReadOnlyDictionary<string, int> Lanes { get; init; } = new Dictionary<string, int>();

    /// <summary>The storms that last.</summary>
    public IReadOnlyList<StormStatus> Storms { get; init; } = [];

    /// <summary>The stores of the data folder.</summary>
    public IReadOnlyList<StoreStatus> Stores { get; init; } = [];
}

/// <summary>JSON of the status page.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ServerStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
