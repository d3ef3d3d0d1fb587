using Backstop.Configuration.Options;

namespace Backstop.Server.Filters;

/// <summary>Makes the filter that <c>spam.filter</c> names.</summary>
internal static class FilterChoice
{
    /// <summary>Makes it.</summary>
    /// <param name="setting">The setting.</param>
    /// <param name="rules">Makes the one in this process.</param>
    public static IMessageFilter Create(FilterSetting setting, Func<IMessageFilter> rules) => setting switch
    {
        FilterSetting.InProcess => rules(),
        FilterSetting.Spamd spamd => new SpamdFilter(spamd.EndPoint),
        FilterSetting.Rspamd rspamd => new RspamdFilter(rspamd.Url),
        FilterSetting.Pipe pipe => new PipeFilter(pipe.Program),
        _ => throw new ArgumentException($"{setting}: no filter is known for it", nameof(setting)),
    };
}
