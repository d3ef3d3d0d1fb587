using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.Server.Filters;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>The filters of one configuration.</summary>
internal sealed class FilterParts : IDisposable
{
    private readonly TimeProvider _time;

    public FilterParts(Settings settings, SpamStart spam, Ladder ladder, TimeProvider time, BackstopMetrics metrics, ILoggerFactory logs)
    {
        _time = time;
        Start = spam;
        Filter = spam.Engine is not null ? new(spam, settings.Options, time, logs.CreateLogger<SpamFilter>()) : null;
        Filters = settings.Options.Spam.Enabled ? MakeFilters(settings.Options, metrics, logs) : [];
        foreach (var filter in Filters)
        {
            filter.Waited = ladder.NoteScan;
        }
    }

    /// <summary>How its rules were read.</summary>
    public SpamStart Start { get; }

    /// <summary>The filter by rules; null where none is configured.</summary>
    public SpamFilter? Filter { get; }

    /// <summary>The filters that are asked about mail; none where it is not scored.</summary>
    public IReadOnlyList<LimitedFilter> Filters { get; }

    public void Dispose()
    {
        foreach (var filter in Filters)
        {
            filter.Dispose();
        }

        Filter?.Dispose();
    }

    private List<LimitedFilter> MakeFilters(BackstopOptions options, BackstopMetrics metrics, ILoggerFactory logs)
    {
        var spam = options.Spam;
        var cores = Environment.ProcessorCount;
        var filters = new List<IMessageFilter>();
        if (spam.Clamd.Length > 0)
        {
            // clamd comes first, because a virus is the stronger reason.
            filters.Add(new ClamdFilter(PeerAddress.Parse(spam.Clamd)!));
        }

        filters.Add(FilterChoice.Create(FilterSetting.Parse(spam.Filter)!, () => new RulesFilter(Filter!, options, _time)));
        return filters.ConvertAll(f =>
            new LimitedFilter(f, Limits(f is RulesFilter ? cores : 4 * cores), _time, metrics, logs.CreateLogger<LimitedFilter>()));

        FilterLimits Limits(int parallel) =>
            new(spam.TimeLimit, spam.MaxParallel > 0 ? spam.MaxParallel : parallel, spam.FailuresBeforeRest, spam.Rest);
    }
}
