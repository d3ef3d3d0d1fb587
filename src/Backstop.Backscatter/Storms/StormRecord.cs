namespace Backstop.Backscatter.Storms;

/// <summary>What a message of a storm looks like: the first one that was seen whole.</summary>
/// <param name="Subject">Its subject.</param>
/// <param name="From">Its From address.</param>
/// <param name="ReturnedSubject">The subject of what it returns.</param>
/// <param name="ReturnedFrom">The From address of what it returns.</param>
/// <param name="ReturnedMessageId">The Message-ID of what it returns.</param>
public sealed record StormExample(string Subject, string From, string ReturnedSubject, string ReturnedFrom, string ReturnedMessageId);

/// <summary>One mailing of a storm.</summary>
/// <param name="Label">The first one's subject.</param>
/// <param name="Shape">What they have in common.</param>
/// <param name="Count">How many.</param>
public sealed record StormCampaign(string Label, string Shape, long Count);

/// <summary>A storm in one line.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Kind">The kind's word.</param>
/// <param name="Victim">Whom it hits.</param>
/// <param name="Started">When the first of it came.</param>
/// <param name="Count">How many.</param>
/// <param name="Hosts">From how many client addresses.</param>
/// <param name="Filed">How many were put aside.</param>
public sealed record StormSummary(string Id, string Kind, string Victim, DateTimeOffset Started, long Count, int Hosts, long Filed);

/// <summary>What is known of a storm, as it is kept and shown.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Kind">The kind's word.</param>
/// <param name="Victim">Whom it hits: an address, <c>@domain</c>, or <c>campaign:</c> and a shape.</param>
/// <param name="Started">When the first of it came.</param>
/// <param name="Ended">When it was over; null while it lasts.</param>
/// <param name="Last">When the last of it came.</param>
/// <param name="Count">How many.</param>
/// <param name="Peak">The most in a minute.</param>
/// <param name="Actions">How many for each action's word.</param>
/// <param name="Reasons">How many for each reason word.</param>
/// <param name="Hosts">How many from each client address.</param>
/// <param name="Campaigns">The mailings, the largest first.</param>
/// <param name="Minutes">How many in each minute, by minutes since 1970.</param>
/// <param name="Example">What one looks like; null where none was seen whole.</param>
public sealed record StormRecord(
    string Id, string Kind, string Victim, DateTimeOffset Started, DateTimeOffset? Ended, DateTimeOffset Last, long Count, long Peak, IReadOnlyDictionary<string, long> Actions,
    IReadOnlyDictionary<string, long> Reasons, IReadOnlyDictionary<string, long> Hosts, IReadOnlyList<StormCampaign> Campaigns, IReadOnlyDictionary<long, long> Minutes, StormExample? Example)
{
    /// <summary>How many met with that.</summary>
    /// <param name="action">What.</param>
    public long Of(StormAction action) => Actions.GetValueOrDefault(action.Word());
}
