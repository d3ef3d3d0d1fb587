using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.Judging.Protections;
using Backstop.MailAuth.Dnsbl;

namespace Backstop.Server;

/// <summary>
/// Says of every protection whether it protects. The only place that joins lists, filters, stores and keys; log, status, health,
/// dashboard, metrics and <c>doctor</c> all read what it returns.
/// </summary>
internal static class ProtectionList
{
    /// <summary>The name of SpamAssassin's rules among the protections.</summary>
    public const string Rules = "spam rules";

    /// <summary>
    /// Returns the protections, those that the configuration leaves off last. Each name is there once: while a reload waits for the
    /// last session of the configuration before it, there are two certificates.
    /// </summary>
    public static IReadOnlyList<Protection> Of(JudgingParts judging, FilterParts filters) =>
    [
        .. judging.Stores.Protections.GroupBy(s => s.Name).Select(s => s.MaxBy(o => o.State)!),
        .. judging.Recipients.Tables.Select(Table),
        .. judging.Dnsbl.Zones.Select(List),
        .. OfRules(filters),
        .. filters.Filters.Where(f => f.IsReady).Select(Filter),
        .. ProtectionSettings.Off(judging.Now.Options, judging.Proving.Batv.CanSign),
    ];

    private static Protection List(DnsblZone zone) => zone.Trouble is { } trouble
        ? new(
            "list", zone.Name, ProtectionState.Down, trouble,
            "many lists do not answer public resolvers: run one of your own, and name it in dnsbl.resolvers")
        : zone.State == DnsblState.Working ? new("list", zone.Name, ProtectionState.On)
        : new("list", zone.Name, ProtectionState.Starting, "its test points are being asked for");

    private static Protection Table(IAddressTable table) => table.Trouble is { } trouble
        ? new(
            ProtectionWatch.Table, table.Name, ProtectionState.Down, trouble,
            "mend it: mail to addresses that only it knows is answered 451 and comes again")
        : table.HasAnswered ? new(ProtectionWatch.Table, table.Name, ProtectionState.On)
        : new(ProtectionWatch.Table, table.Name, ProtectionState.Starting, "it has not been asked for an address yet");

    private static Protection Filter(LimitedFilter filter) => filter.Trouble is { } trouble
        ? new("filter", filter.Name, ProtectionState.Down, trouble, "see the log of the filter, and spam.filter")
        : filter.HasAnswered ? new("filter", filter.Name, ProtectionState.On)
        : new("filter", filter.Name, ProtectionState.Starting, "it has not answered about a message yet");

    private static IEnumerable<Protection> OfRules(FilterParts filters)
    {
        if (filters.Filter is { } rules)
        {
            yield return rules.Trouble is { } trouble ? new("spam", Rules, ProtectionState.Down, trouble, "see spam.rules")
                : rules.IsReady ? new("spam", Rules, ProtectionState.On)
                : new("spam", Rules, ProtectionState.Starting, "they are being read");
        }
    }
}
