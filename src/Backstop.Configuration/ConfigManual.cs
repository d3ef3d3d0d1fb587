using System.Collections;
using System.Reflection;
using System.Xml.Linq;
using Backstop.Configuration.Options;

namespace Backstop.Configuration;

/// <summary>
/// Prints the manual of the configuration. It is made from the option classes and their doc comments, so it is always
/// up to date.
/// </summary>
internal static class ConfigManual
{
    /// <summary>Returns every key with its default; the effect stands in a comment above it.</summary>
    public static IEnumerable<string> Lines()
    {
        var docs = Summaries();
        return Section(
            new BackstopOptions
            {
                Hostname = "mx.example.org",
                Mailboxes = new() { ["me@example.org"] = new() },
                Dkim = new() { ["s1._domainkey.example.org"] = new() },
                Tls = new() { Hosts = new() { ["mx.example.net"] = new() } },
            },
            "", docs);
    }

    private static IEnumerable<string> Section(object section, string path, Dictionary<string, string> docs)
    {
        var properties = section.GetType().GetProperties().Where(p => p.CanWrite).ToList();
        foreach (var property in properties.Where(p => !ConfigBinder.IsSection(p.PropertyType)))
        {
            yield return $"# {Doc(docs, property)}";
            yield return $"{ConfigValue.Key(property.Name)} = {ConfigValue.Format(property.GetValue(section))}";
        }

        foreach (var property in properties.Where(p => ConfigBinder.IsSection(p.PropertyType)))
        {
            var name = path + ConfigValue.Key(property.Name);
            yield return "";
            yield return $"# {Doc(docs, property)}";
            var inner = property.GetValue(section)!;
            if (inner is IDictionary entries)
            {
                // A section with named entries is shown with an example.
                name += $".\"{entries.Keys.Cast<string>().First()}\"";
                inner = entries.Values.Cast<object>().First();
            }

            yield return $"[{name}]";
            foreach (var line in Section(inner, name + ".", docs))
            {
                yield return line;
            }
        }
    }

    private static string Doc(Dictionary<string, string> docs, PropertyInfo property) =>
        docs.GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}", "");

    // The compiler writes the documentation file next to the assembly.
    private static Dictionary<string, string> Summaries()
    {
        var file = Path.ChangeExtension(typeof(ConfigManual).Assembly.Location, ".xml");
        return XDocument.Load(file).Descendants("member")
            .ToDictionary(
            m => m.Attribute("name")!.Value,
            m => string.Join(' ', (m.Element("summary")?.Value ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
    }
}
