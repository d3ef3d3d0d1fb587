using Backstop.Configuration.Options;
using Backstop.Server.Filters;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Rules that cannot be read when the server starts are in use as soon as they can be.</summary>
public sealed class SpamFilterTests : IDisposable
{
    // It exists, and reading it is an error of the device.
    private const string Unreadable = "/proc/self/mem";

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
    private readonly LogLines _lines = new();
    private readonly ILoggerFactory _logs;

    public SpamFilterTests() => _logs = LoggerFactory.Create(l => l.AddProvider(_lines));

    private string Rules => _folder["site.cf"];

    public void Dispose()
    {
        _logs.Dispose();
        _lines.Dispose();
        _folder.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task Rules_that_could_not_be_read_at_the_start_are_tried_again_after_growing_pauses()
    {
        File.CreateSymbolicLink(Rules, Unreadable);
        using var filter = await FailedAsync(TestContext.Current.CancellationToken);
        Assert.False(filter.IsReady);
        Assert.Equal(1, Failures());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Failures());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Failures());

        Mend();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(filter.IsReady);
        Assert.Null(filter.Trouble);
        Assert.Equal(2, Failures());
        Assert.Contains(_lines.All, l => l.StartsWith("spam rules ready: 1 run", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task Rules_that_are_in_use_stay_in_use_while_their_files_cannot_be_read()
    {
        File.CreateSymbolicLink(Rules, Unreadable);
        using var filter = await FailedAsync(TestContext.Current.CancellationToken);
        Mend();
        _time.Advance(TimeSpan.FromSeconds(1));
        File.Delete(Rules);
        File.CreateSymbolicLink(Rules, Unreadable);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains(_lines.All, l => l.EndsWith("the old ones are used", StringComparison.Ordinal));
        Assert.True(filter.IsReady);
        Assert.Null(filter.Trouble);
    }

    /// <summary>Mail is delivered meanwhile, and whoever asks how the server is learns why nothing is scanned.</summary>
    [Fact]
    public async Task Status_and_health_say_that_the_rules_cannot_be_read()
    {
        File.CreateSymbolicLink(Rules, Unreadable);
        await using var server = await TestServer.StartAsync(o => o.Spam = Options().Spam);
        await ServerMail.StatusAsync(server, "\"spamRules\": \"spam rules: they cannot be read");
        using var client = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        var health = await client.GetStringAsync("/healthz", TestContext.Current.CancellationToken);
        Assert.StartsWith("ok\nspam rules: they cannot be read", health, StringComparison.Ordinal);
    }

    private async Task<SpamFilter> FailedAsync(CancellationToken ct)
    {
        var filter = new SpamFilter(SpamStart.Begin(Options(), _time), Options(), _time, _logs.CreateLogger<SpamFilter>());
        while (filter.Trouble is null)
        {
            await Task.Yield();
            ct.ThrowIfCancellationRequested();
        }

        return filter;
    }

    private void Mend()
    {
        File.Delete(Rules);
        File.WriteAllText(Rules, "header OURS Subject =~ /x/\nscore OURS 1\n");
    }

    private int Failures() => _lines.All.Count(l => l.StartsWith("The spam rules cannot be read", StringComparison.Ordinal));

    private BackstopOptions Options()
    {
        var options = new BackstopOptions { Data = _folder["data"] };
        options.Spam.Enabled = true;
        options.Spam.Bayes = false;
        options.Spam.Rules = [Rules];
        return options;
    }
}
