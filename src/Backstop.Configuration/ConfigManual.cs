using System.Collections;
using Backstop.Configuration.Options;

namespace Backstop.Configuration;

/// <summary>
/// Prints the manual of the configuration. It is made from the table of keys, and that from the option classes and their doc
/// comments, so it is always up to date.
/// </summary>
internal static class ConfigManual
{
    /// <summary>Returns every key with its default; the effect stands in a comment above it.</summary>
    public static IEnumerable<string> Lines() =>
        Section(
            ConfigSchema.Root,
            new BackstopOptions
            {
                Hostname = "mx.example.org",
                Mailboxes = new() { ["me@example.org"] = new() },
                Domain = new() { ["example.org"] = new() },
                Aliases = new() { ["sales@example.org"] = ["me@example.org"] },
                Dkim = new() { ["s1._domainkey.example.org"] = new() },
                Tls = new() { Hosts = new() { ["mx.example.net"] = new() } },
            },
            "");

    private static IEnumerable<string> Section(ConfigSection section, object options, string path)
    {
        foreach (var key in section.Keys.Where(k => k.Section is null && !k.IsNamed))
        {
            yield return $"# {key.Doc}";
            yield return $"{key.Name} = {ConfigValue.Format(key.Get(options))}";
        }

        foreach (var key in section.Keys.Where(k => k.Section is not null || k.IsNamed))
        {
            var name = path + key.Name;
            yield return "";
            yield return $"# {key.Doc}";
            var inner = key.Get(options)!;
            if (key.Section is null)
            {
                yield return $"[{name}]";
                foreach (DictionaryEntry list in (IDictionary)inner)
                {
                    yield return $"\"{list.Key}\" = {ConfigValue.Format(list.Value)}";
                }

                continue;
            }

            if (inner is IDictionary entries)
            {
                // A section with named entries is shown with an example.
                name += $".\"{entries.Keys.Cast<string>().First()}\"";
                inner = entries.Values.Cast<object>().First();
            }

            yield return $"[{name}]";
            foreach (var line in Section(key.Section!, inner, name + "."))
            {
                yield return line;
            }
        }
    }
}
