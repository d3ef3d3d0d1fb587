using Backstop.Configuration.Options;
using Backstop.Server.Filters;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Tests.Server;

/// <summary>Scans leave threads to those who ask for something else.</summary>
public sealed class SpamFilterThreadsTests
{
    [Fact]
    public void Pool_has_a_thread_for_every_scan_and_a_processors_worth_for_others()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["rules.cf"], "header BAD_SUBJECT Subject =~ /buy now/i\n");
        ThreadPool.GetMinThreads(out var before, out _);
        var options = new BackstopOptions();
        (options.Spam.Enabled, options.Spam.Rules, options.Spam.Bayes) = (true, [folder["rules.cf"]], false);
        options.Spam.MaxParallel = before + 1;
        using var filter = new SpamFilter(
            SpamStart.Begin(options, TimeProvider.System), options, TimeProvider.System, NullLogger<SpamFilter>.Instance);
        ThreadPool.GetMinThreads(out var after, out _);
        Assert.InRange(after, options.Spam.MaxParallel + Environment.ProcessorCount, int.MaxValue);
    }
}
