using Backstop.Configuration;

namespace Backstop.Manual;

/// <summary>The manual page of the configuration file.</summary>
internal static class ConfigPage
{
    /// <summary>Returns the page.</summary>
    public static string Text()
    {
        var page = new Roff("backstop.toml", 5, "the configuration of backstop")
            .Heading("DESCRIPTION")
            .Paragraph(
                "The file is TOML in UTF-8. Durations are written as \"30s\", \"5m\", \"12h\" or \"7d\", sizes as \"64KiB\" or \"25MiB\". "
                + "A list of one value may be written as that value. An unknown key is an error, and every error is reported with its "
                + "line and column: backstop config check FILE. A running server takes changes up with: backstop reload.")
            .Heading("EXAMPLE")
            .Literal(
            [
                "hostname = \"mx.example.org\"", "domains = [\"example.org\"]", "data = \"/var/lib/backstop\"", "[listen]",
                "smtp = \"0.0.0.0:25\"", "web = \"127.0.0.1:8025\"", "[mailboxes]", "\"me@example.org\" = {}",
            ]);
        Section(page.Heading("KEYS"), ConfigSchema.Root, "");
        return page.Heading("SEE ALSO").Paragraph("backstop(1), backstop-config(1), backstop-reasons(7)").ToString();
    }

    private static void Section(Roff page, ConfigSection section, string path)
    {
        foreach (var key in section.Keys.Where(k => k.Section is null && !k.IsNamed))
        {
            var bounds = key.Bounds is var (min, max) ? $" From {key.Show(min)} to {key.Show(max)}." : "";
            page.Entry(key.Name, Takes(key), key.Doc + bounds);
        }

        foreach (var key in section.Keys)
        {
            if (key is { IsNamed: true, Section: null })
            {
                page.Heading($"[{path}{key.Name}]").Entry("\"NAME\"", Takes(key), key.Doc);
            }
            else if (key.Section is { } inner)
            {
                var name = path + key.Name + (key.IsNamed ? ".\"NAME\"" : "");
                Section(page.Heading($"[{name}]").Paragraph(key.Doc), inner, name + ".");
            }
        }
    }

    private static string Takes(ConfigKey key) => (key.List is null ? "" : "list of ") + ConfigValue.Wanted(key.Type);
}
