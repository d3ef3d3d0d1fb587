using Backstop.Configuration.Options;
using Backstop.Judging.Filters;

namespace Backstop.Server.Filters;

/// <summary>Creates the filter that <c>spam.filter</c> names.</summary>
internal static class FilterChoice
{
    /// <summary>Creates the filter. Only a setting for this process calls <paramref name="rules"/>.</summary>
    /// <param name="setting">The value of <c>spam.filter</c>.</param>
    /// <param name="rules">Makes the filter by rules in this process.</param>
    public static IMessageFilter Create(FilterSetting setting, Func<IMessageFilter> rules) => setting switch
    {
        FilterSetting.InProcess => rules(),
        FilterSetting.Spamd spamd => new SpamdFilter(spamd.EndPoint),
        FilterSetting.Rspamd rspamd => new RspamdFilter(rspamd.Url),
        FilterSetting.Pipe pipe => new PipeFilter(pipe.Program),
        _ => throw new ArgumentException($"{setting}: no filter exists for this setting", nameof(setting)),
    };
}
