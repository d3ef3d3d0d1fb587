using System.Text;
using System.Text.Json;
using Backstop.Backscatter.Storms;
using Backstop.Logging;
using Backstop.Mail;
using Backstop.Server.Alerts;
using Backstop.Server.Web;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>
/// Wherever a stranger's words are shown, they cannot turn round what stands beside them: pages, reports, alerts, logs, the
/// terminal.
/// </summary>
public sealed class ShownWordsTests
{
    private const string Hostile = "a\u202eb\u2067c\u001b[2Jd\u0085e\nf";

    private static readonly DateTimeOffset _now = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    private static readonly StormRecord _storm = new(
        "20261128-0800-1", "bounce-flood", $"{Hostile}@example.org", _now, null, _now, 10, 5,
        new Dictionary<string, long>(), new Dictionary<string, long> { [Hostile] = 1 }, new Dictionary<string, long> { ["192.0.2.1"] = 1 },
        [new(Hostile, "x", 10)], new Dictionary<long, long>(), new(Hostile, Hostile, Hostile, Hostile, Hostile));

    [Fact]
    public void Report_of_storms() => IsHarmless(StormReport.Write("mx.example.org", [_storm], null, _now));

    [Fact]
    public void Text_and_json_of_alerts()
    {
        var alert = AlertMessage.Of("mx.example.org", _storm);
        IsHarmless(alert.Text);
        IsHarmless(JsonSerializer.Serialize(alert, AlertJson.Default.AlertMessage));
        IsHarmless(Encoding.UTF8.GetString(Convert.FromBase64String(alert.Mail("me@example.org", "1", _now).Split("\r\n\r\n")[1])));
    }

    [Fact]
    public void Lines_of_the_log()
    {
        using var output = new MemoryStream();
        using (var provider = new LineLoggerProvider(output, new FakeTimeProvider(_now)))
        {
            var error = new InvalidOperationException(Hostile);
            provider.CreateLogger("x").Log(LogLevel.Information, new EventId(1), Hostile, error, (text, _) => text);
        }

        var line = Encoding.UTF8.GetString(output.ToArray());
        Assert.Equal(1, line.Count(c => c == '\n'));
        Assert.Contains(" a b c [2Jd e|f ", line, StringComparison.Ordinal);
        IsHarmless(line);
    }

    [Fact]
    public void Lines_of_clean() => Assert.Equal("a b c [2Jd e f", ShownText.Of(Hostile, 100));

    private static void IsHarmless(string text) =>
        Assert.DoesNotContain(text, c => c is '\u202e' or '\u2067' || (char.IsControl(c) && c is not ('\n' or '\r' or '\t')));
}
