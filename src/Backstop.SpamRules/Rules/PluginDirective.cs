using System.Globalization;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Rules;

/// <summary>A setting that exists only where its plugin is loaded.</summary>
/// <param name="Plugin">The plugin's name without <c>Mail::SpamAssassin::Plugin::</c>.</param>
/// <param name="Key">The setting, in lower case.</param>
/// <param name="Apply">Takes the value; returns what is wrong with it, or null.</param>
internal sealed record PluginDirective(string Plugin, string Key, Func<RuleSetBuilder, SourceLine, string, string?> Apply)
{
    private const string Missing = "a value is missing";

    private static readonly PerlRegex _number = new("^[+-]?\\d+(?:\\.\\d*)?$");

    /// <summary>
    /// Whether the setting was once part of SpamAssassin itself: then a line of it is not an error if the plugin is not loaded.
    /// </summary>
    public bool WasBuiltIn { get; init; }

    public static PluginDirective Text(string plugin, string key, Action<PluginSettings, string> set) =>
        Of(plugin, key, (settings, value) =>
        {
            set(settings, value);
            return null;
        });

    public static PluginDirective Words(string plugin, string key, Action<PluginSettings, string[]> set) =>
        Text(plugin, key, (settings, value) => set(settings, value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)));

    public static PluginDirective Number(
        string plugin, string key, Action<PluginSettings, double> set, double min = double.MinValue, double max = double.MaxValue) =>
        Of(plugin, key, (settings, value) =>
        {
            if (!_number.IsMatch(value))
            {
                return $"'{value}' is not a number";
            }

            var number = double.Parse(value, CultureInfo.InvariantCulture);
            if (number < min || number > max)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{value} is not in {min}..{max}");
            }

            set(settings, number);
            return null;
        });

    public static PluginDirective Flag(string plugin, string key, Action<PluginSettings, bool> set) =>
        Of(plugin, key, (settings, value) =>
        {
            var flag = value.ToLowerInvariant() switch { "1" or "yes" => true, "0" or "no" => (bool?)false, _ => null };
            if (flag is { } known)
            {
                set(settings, known);
            }

            return flag is null ? $"'{value}' is not a switch; write 1 or 0" : null;
        });

    /// <summary>A setting that is understood and has no effect without the network.</summary>
    public static PluginDirective Unused(string plugin, string key) => Text(plugin, key, static (_, _) => { });

    public static PluginDirective Of(string plugin, string key, Func<PluginSettings, string, string?> apply) =>
        new(plugin, key, (builder, _, value) => value.Length == 0 ? Missing : apply(builder.Settings.Plugins, value));
}
