namespace Backstop.Backscatter.Storms;

/// <summary>An example of a storm's messages: the first one that was seen whole.</summary>
/// <param name="Subject">The decoded subject.</param>
/// <param name="From">Its From address.</param>
/// <param name="ReturnedSubject">The subject of the returned message.</param>
/// <param name="ReturnedFrom">The From address of the returned message.</param>
/// <param name="ReturnedMessageId">The Message-ID of the returned message.</param>
public sealed record StormExample(string Subject, string From, string ReturnedSubject, string ReturnedFrom, string ReturnedMessageId);

/// <summary>One mailing of a storm.</summary>
/// <param name="Label">The subject of the first message.</param>
/// <param name="Shape">The common part of the subjects.</param>
/// <param name="Count">The number of messages.</param>
public sealed record StormCampaign(string Label, string Shape, long Count);

/// <summary>A storm in one line.</summary>
/// <param name="Id">The storm's id.</param>
/// <param name="Kind">The kind's word.</param>
/// <param name="Victim">An address, <c>@domain</c>, or <c>campaign:</c> and a shape.</param>
/// <param name="Started">When its first message came.</param>
/// <param name="Count">The number of messages.</param>
/// <param name="Hosts">The number of client addresses.</param>
/// <param name="Filed">The number of filed messages.</param>
public sealed record StormSummary(string Id, string Kind, string Victim, DateTimeOffset Started, long Count, int Hosts, long Filed);

/// <summary>Everything known about a storm, as stored and displayed.</summary>
/// <param name="Id">The storm's id.</param>
/// <param name="Kind">The kind's word.</param>
/// <param name="Victim">The victim: an address, <c>@domain</c>, or <c>campaign:</c> and a shape.</param>
/// <param name="Started">When its first message came.</param>
/// <param name="Ended">When it ended; null while it goes on.</param>
/// <param name="Last">When its last message came.</param>
/// <param name="Count">The number of messages.</param>
/// <param name="Peak">The most messages in a minute.</param>
/// <param name="Actions">The number of messages for each action's word.</param>
/// <param name="Reasons">The number of messages for each reason word.</param>
/// <param name="Hosts">The number of messages from each client address.</param>
/// <param name="Campaigns">The mailings, the largest first.</param>
/// <param name="Minutes">The number of messages in each minute; the key is the minute since 1970.</param>
/// <param name="Example">An example; null if no message was seen whole.</param>
public sealed record StormRecord(
    string Id, string Kind, string Victim, DateTimeOffset Started, DateTimeOffset? Ended, DateTimeOffset Last, long Count,
    long Peak, IReadOnlyDictionary<string, long> Actions,
    IReadOnlyDictionary<string, long> Reasons, IReadOnlyDictionary<string, long> Hosts, IReadOnlyList<StormCampaign> Campaigns,
    IReadOnlyDictionary<long, long> Minutes, StormExample? Example)
{
    /// <summary>Returns the number of messages with an action.</summary>
    /// <param name="action">What happened to the messages.</param>
    public long Of(StormAction action) => Actions.GetValueOrDefault(action.Word());
}
