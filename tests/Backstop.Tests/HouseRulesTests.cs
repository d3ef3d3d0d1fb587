using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests;

/// <summary>The rules of docs/ARCHITECTURE.md that a machine can check.</summary>
public sealed partial class HouseRulesTests
{
    private static readonly string[] _engines = [
        "Backstop.Backscatter", "Backstop.MailAuth", "Backstop.Mailboxes", "Backstop.SpamRules", "Backstop.Recipes", "Backstop.State"];

    private static readonly Dictionary<string, string[]> _mayReference = new(StringComparer.Ordinal)
    {
        ["Backstop.Automata"] = [],
        ["Backstop.Mail"] = [],
        ["Backstop.Protocols"] = ["Backstop.Mail"],
        ["Backstop.Backscatter"] = ["Backstop.Mail"],
        ["Backstop.MailAuth"] = ["Backstop.Mail"],
        ["Backstop.Posix"] = [],
        ["Backstop.Mailboxes"] = ["Backstop.Mail", "Backstop.Posix"],
        ["Backstop.SpamRules"] = ["Backstop.Automata", "Backstop.Mail"],
        ["Backstop.Recipes"] = ["Backstop.Automata"],
        ["Backstop.State"] = ["Backstop.Mail"],
        ["Backstop.Deliver"] = ["Backstop.Recipes", "Backstop.Mailboxes", "Backstop.Posix"],
        ["Backstop.Deliver.Native"] = ["Backstop.Deliver"],
        ["Backstop.Configuration"] =
        [
            "Backstop.ConfigSchema", "Backstop.Mail", "Backstop.Posix", "Backstop.Backscatter", "Backstop.MailAuth", "Backstop.Mailboxes",
        ],
        ["Backstop.Judging"] =
        [
            "Backstop.Configuration", "Backstop.Mail", "Backstop.Protocols", "Backstop.Posix",
            "Backstop.Backscatter", "Backstop.MailAuth", "Backstop.Mailboxes", "Backstop.State",
        ],
        ["Backstop.Clean"] =
        [
            "Backstop.Configuration", "Backstop.Judging", "Backstop.Mail", "Backstop.Posix", "Backstop.Backscatter",
            "Backstop.Mailboxes", "Backstop.State",
        ],
        ["Backstop.Server"] = [
            "Backstop.Configuration", "Backstop.Judging", "Backstop.Mail", "Backstop.Protocols", "Backstop.Posix", "Backstop.Deliver",
            .. _engines],
        ["Backstop"] = ["Backstop.Server", "Backstop.Clean"],
    };

    private static readonly Dictionary<string, string[]> _mayUsePackages = new(StringComparer.Ordinal)
    {
        ["Backstop.Automata"] = [],
        ["Backstop.Mail"] = ["MimeKit"],
        ["Backstop.Protocols"] = [],
        ["Backstop.Backscatter"] = [],
        ["Backstop.MailAuth"] = [],
        ["Backstop.Posix"] = [],
        ["Backstop.Mailboxes"] = [],
        ["Backstop.SpamRules"] = [],
        ["Backstop.Recipes"] = [],
        ["Backstop.State"] = ["Microsoft.Data.Sqlite"],
        ["Backstop.Deliver"] = [],
        ["Backstop.Deliver.Native"] = [],
        ["Backstop.Server"] = [
            "DnsClient", "OpenTelemetry.Exporter.OpenTelemetryProtocol", "OpenTelemetry.Exporter.Prometheus.AspNetCore",
            "OpenTelemetry.Extensions.Hosting"],
        ["Backstop.Configuration"] = ["Tomlyn"],
        ["Backstop.Judging"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["Backstop.Clean"] = ["MailKit"],
        ["Backstop"] = ["Spectre.Console", "System.CommandLine"],
    };

    [Fact]
    public void Projects_reference_only_what_they_may() => Assert.All(Projects(), file =>
    {
        var references = ProjectReference().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value);
        Assert.Empty(references.Except(_mayReference[Path.GetFileNameWithoutExtension(file)]));
    });

    [Fact]
    public void Projects_use_only_the_packages_they_may() => Assert.All(Projects(), file =>
    {
        var packages = PackageReference().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value);
        Assert.Empty(packages.Except(_mayUsePackages[Path.GetFileNameWithoutExtension(file)]));
    });

    [Fact]
    public void Every_project_has_a_readme() => Assert.All(Projects(), file =>
        Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "README.md")), file));

    [Fact]
    public void Every_cited_rfc_is_listed_in_standards_md()
    {
        var listed = Rfc().Matches(File.ReadAllText(Path.Combine(Root(), "docs", "STANDARDS.md"))).Select(m => m.Value)
            .ToHashSet(StringComparer.Ordinal);
        var cited = Sources().SelectMany(f => Rfc().Matches(File.ReadAllText(f)).Select(m => m.Value)).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(cited.Except(listed));
    }

    [Fact]
    public void Files_stay_readable() => Assert.All(AllCode(), f => Assert.InRange(File.ReadLines(f).Count(), 1, 400));

    /// <summary>At most 140 columns.</summary>
    [Fact]
    public void Lines_fit_a_window() => Assert.Empty(
        AllCode().SelectMany(f => File.ReadLines(f).Index().Where(l => l.Item.Length > 140).Select(l => $"{f}:{l.Index + 1}")));

    [Fact]
    public void Readme_fits_two_screens() => Assert.InRange(File.ReadLines(Path.Combine(Root(), "README.md")).Count(), 10, 80);

    /// <summary>Who filters a log by an event's number must get that event.</summary>
    [Fact]
    public void Every_event_of_the_log_has_a_number_of_its_own()
    {
        const BindingFlags Own =
            BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.DeclaredOnly;
        var events = Directory.EnumerateFiles(AppContext.BaseDirectory, "?ackstop*.dll")
            .SelectMany(f => Assembly.Load(AssemblyName.GetAssemblyName(f)).GetTypes())
            .SelectMany(t => t.GetMethods(Own))
            .Select(m => (Method: $"{m.DeclaringType}.{m.Name}", m.GetCustomAttribute<LoggerMessageAttribute>()?.EventId))
            .Where(e => e.EventId is not null).ToList();
        Assert.InRange(events.Count, 50, int.MaxValue);
        Assert.Empty(events.GroupBy(e => e.EventId).Where(g => g.Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(e => e.Method))}"));
    }

    internal static string Root() => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../.."));

    private static string Here([CallerFilePath] string here = "") => here;

    private static IEnumerable<string> Projects() =>
        Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.csproj", SearchOption.AllDirectories);

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories);

    private static IEnumerable<string> AllCode() => new[] { "src", "tests", "bench" }
        .SelectMany(d => Directory.EnumerateFiles(Path.Combine(Root(), d), "*.cs", SearchOption.AllDirectories))
        .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    [GeneratedRegex(@"ProjectReference Include="".*?([\w.]+)\.csproj""")]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"PackageReference Include=""([\w.]+)""")]
    private static partial Regex PackageReference();

    [GeneratedRegex(@"RFC \d{3,5}")]
    private static partial Regex Rfc();
}
