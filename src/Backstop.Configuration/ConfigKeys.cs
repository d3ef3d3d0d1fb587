using System.Collections;
using Backstop.Configuration.Options;

namespace Backstop.Configuration;

/// <summary>
/// The keys of a configuration by their whole names, such as <c>smtp.max_message</c>: in which of them two configurations differ, and
/// which of them a running server cannot take up.
/// </summary>
internal static class ConfigKeys
{
    // With a dot at the end: all keys of the section.
    private static readonly string[] _fixed =
    [
        "hostname", "data", "listen.", "greylist.", "smtp.max_connections", "smtp.stop_timeout", "guard.max_connections", "alert.", "log.",
        "telemetry.", "web.login_for", "recipes.max_parallel", "journal.path", "journal.recipient_window", "spool.path", "spool.segment",

        // What the meters have counted by another rule would begin or end storms.
        "storm.fast", "storm.slow", "storm.factor", "storm.sources", "storm.calm_after", "storm.tempfail_for",
    ];

    private static readonly string[] _loose = ["listen.proxy_from"];

    /// <summary>Whether a change of a key is taken up by a start only.</summary>
    /// <param name="key">The key's whole name.</param>
    public static bool NeedsStart(string key) =>
        !_loose.Contains(key)
        && Array.Exists(_fixed, f => f.EndsWith('.') ? key.StartsWith(f, StringComparison.Ordinal) : key == f);

    /// <summary>
    /// Returns every key with its value as text. A section with named entries has a key for each entry as well, so that one with nothing
    /// in it counts.
    /// </summary>
    /// <param name="options">The configuration.</param>
    public static IReadOnlyDictionary<string, string> Of(BackstopOptions options)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(ConfigSchema.Root, options, "", all);
        return all;
    }

    /// <summary>Returns the keys that have different values, in order; of an entry that is in only one of the two, its name.</summary>
    /// <param name="old">The keys of one configuration.</param>
    /// <param name="now">Those of the other.</param>
    public static IReadOnlyList<string> Changed(IReadOnlyDictionary<string, string> old, IReadOnlyDictionary<string, string> now)
    {
        var changed = new List<string>();
        var entry = "";
        foreach (var key in old.Keys.Union(now.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (entry.Length > 0 && key.StartsWith(entry, StringComparison.Ordinal))
            {
                continue;
            }

            var (before, after) = (old.GetValueOrDefault(key), now.GetValueOrDefault(key));
            if (before != after)
            {
                changed.Add(key);
                entry = before is null || after is null ? key + "." : "";
            }
        }

        return changed;
    }

    /// <summary>Sets the keys that need a start to the values that they have in another configuration.</summary>
    /// <param name="options">The configuration to change.</param>
    /// <param name="running">The configuration that the server was started with.</param>
    public static void KeepStarted(BackstopOptions options, BackstopOptions running) => Keep(ConfigSchema.Root, options, running, "");

    private static void Keep(ConfigSection section, object to, object from, string path)
    {
        foreach (var key in section.Keys)
        {
            var name = path + key.Name;
            if (key is { Section: { } inner, IsNamed: false })
            {
                Keep(inner, key.Get(to)!, key.Get(from)!, name + ".");
            }
            else if (!key.IsNamed && NeedsStart(name))
            {
                key.Set(to, key.Get(from)!);
            }
        }
    }

    private static void Add(ConfigSection section, object options, string path, SortedDictionary<string, string> all)
    {
        foreach (var key in section.Keys)
        {
            var (name, value) = (path + key.Name, key.Get(options));
            if (key.IsNamed)
            {
                foreach (DictionaryEntry entry in (IDictionary)value!)
                {
                    all[$"{name}.{entry.Key}"] = key.Section is null ? ConfigValue.Format(entry.Value) : "";
                    if (key.Section is { } each)
                    {
                        Add(each, entry.Value!, $"{name}.{entry.Key}.", all);
                    }
                }
            }
            else if (key.Section is { } inner)
            {
                Add(inner, value!, name + ".", all);
            }
            else
            {
                all[name] = ConfigValue.Format(value);
            }
        }
    }
}
