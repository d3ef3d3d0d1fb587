using System.Net;
using Backstop.Backscatter;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Server.Filters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Nothing that mail is asked about holds it up.</summary>
public sealed class MailScorerTests
{
    [Fact]
    public async Task Name_of_a_client_is_waited_for_by_the_clock_that_is_given()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new BackstopMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        var time = new FakeTimeProvider();
        var options = new BackstopOptions();
        var spam = new FilterVerdict(ServerReasons.SpamScore, "");
        using var filter = FilterTests.Limit(new FilterTests.Scripted { Answer = (_, _) => Task.FromResult(spam) }, time, failures: 1);
        using var scorer = new MailScorer([filter], () => true, NameAsync, options, metrics, time, NullLogger<MailScorer>.Instance);
        options.Domains = ["example.org"];
        options.Mailboxes["me@example.org"] = new();
        var address = MailAddress.TryParse("me@example.org")!;
        var me = new AcceptedRecipient(address, new Recipients(options).Find(address)!, default, default);
        var transaction = new Transaction(
            new() { Address = IPAddress.Parse("192.0.2.1") }, new ReversePath(MailAddress.TryParse("a@example.net")), smtpUtf8: false);
        var message = "Subject: x\n\nx\n"u8.ToArray();
        var scoring = scorer.ScoreAsync(
            transaction, message, message.Length, [
                (me, Verdict.Deliver(Reasons.Mail))], 0, time.GetUtcNow(), MessageBudget.Unlimited()).AsTask();
        time.Advance(options.Spam.TimeLimit - TimeSpan.FromTicks(1));
        Assert.False(scoring.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(ServerReasons.SpamScore, (await scoring.WaitAsync(TestContext.Current.CancellationToken)).Reason);
    }

    // As ReverseLookup where DNS does not answer.
    private static async Task<string?> NameAsync(IPAddress address, CancellationToken ct)
    {
        var never = new TaskCompletionSource<string?>();
        await using var end = ct.Register(() => never.SetResult(""));
        return await never.Task;
    }
}
