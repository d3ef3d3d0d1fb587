using System.Text.Encodings.Web;
using System.Text.Json;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>
/// Mails in tests/mails with what the classifier must say of them. UPDATE_GOLDEN=1 rewrites the expectations; read the diff.
/// </summary>
public sealed class GoldenMailTests
{
    private static readonly JsonSerializerOptions _json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    public static TheoryData<string> Mails =>
        [.. Directory.EnumerateFiles(Folder, "*.eml").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(HouseRulesTests.Root(), "tests", "mails");

    [Theory]
    [MemberData(nameof(Mails))]
    public void Mail_is_read_as_expected(string name)
    {
        var report = BounceClassifier.Classify(File.ReadAllBytes(Path.Combine(Folder, name + ".eml")), null);
        var said = JsonSerializer.Serialize(
            new
            {
                kind = report.Kind.Word(),
                format = report.Format,
                recipients = report.Recipients.Select(r => $"{r.Address} {r.Action} {r.Status}".TrimEnd()),
                returned = report.Returned,
                references = report.References,
            },
            _json) + "\n";
        var expected = Path.Combine(Folder, name + ".expected.json");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(expected, said);
        }

        Assert.Equal(File.ReadAllText(expected), said);
    }

    /// <summary>Line ends are a matter of transport: CRLF must say the same as LF.</summary>
    [Theory]
    [MemberData(nameof(Mails))]
    public void Line_ends_change_nothing(string name)
    {
        var lf = File.ReadAllText(Path.Combine(Folder, name + ".eml"));
        var one = BounceClassifier.Classify(System.Text.Encoding.UTF8.GetBytes(lf), null);
        var two = BounceClassifier.Classify(System.Text.Encoding.UTF8.GetBytes(lf.Replace("\n", "\r\n", StringComparison.Ordinal)), null);
        Assert.Equal(JsonSerializer.Serialize(one), JsonSerializer.Serialize(two));
    }
}
