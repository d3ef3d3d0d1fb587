using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.Server.Filters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Filters elsewhere: what their replies mean, and that nothing they do holds mail up.</summary>
public class FilterTests
{
    private static readonly FilterQuestion _question = new(
        "Subject: x\n\nx\n"u8.ToArray(), default, IPAddress.Loopback, "", "client.example", "a@example.net", ["me@example.org"],
        Backstop.Mail.MessageBudget.Unlimited());

    [Theory]
    [InlineData(
        "SPAMD/1.1 0 EX_OK\r\nContent-length: 9\r\nSpam: True ; 19.4 / 5.0\r\n\r\nReceived: x\nX-Spam-Flag: YES\nX-Spam-Status: Yes, "
            + "score=19.4\n\ttests=A\nSubject: x\n\n",
        "spam:score", "X-Spam-Flag: YES\nX-Spam-Status: Yes, score=19.4\n\ttests=A\n")]
    [InlineData(
        "SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.4 / 5.0\r\n\r\nX-Spam-Status: No\r\nBcc: x\r\n\r\nX-Spam-Evil: 1\n", "",
        "X-Spam-Status: No\n")]
    [InlineData("SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.4 / 5.0\r\n\r\nX-Spam-Status: a\u001b[2Jb\n\n", "", "X-Spam-Status: a?[2Jb\n")]
    public void SpamdsReplyIsRead(string reply, string reason, string fields) =>
        Assert.Equal(new FilterVerdict(ServerReasons.Find(reason), fields), SpamdFilter.Read(Encoding.Latin1.GetBytes(reply)));

    [Theory]
    [InlineData("")]
    [InlineData("SPAMD/1.0 76 Bad header line: x\r\n")]
    [InlineData("SPAMD/1.1 79 Timeout\r\n\r\nX-Spam-Flag: YES\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("SPAMD/1.1 0 EX_OK\r\nContent-length: 99\r\nSpam: True ; 9.0 / 5.0\r\n\r\nX-Spam-Flag: YES\nX-Spam-Sta")]
    [InlineData("SPAMD/1.1 0 EX_OK\r\nContent-length: 99999999999\r\nSpam: True ; 9.0 / 5.0\r\n\r\nX-Spam-Flag: YES\n")]
    [InlineData("SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\n\r\nx\n")]
    public void WhatIsNoReplyOfSpamdIsAFailure(string reply) =>
        Assert.Throws<FilterException>(() => SpamdFilter.Read(Encoding.Latin1.GetBytes(reply)));

    [Theory]
    [InlineData(
        """{"is_skipped":true,"score":15.0,"required_score":15.0,"action":"reject","symbols":{"GTUBE":{"score":0.0}}}""",
        "spam:score",
        "X-Spam-Flag: YES\nX-Spam-Status: Yes, score=15.0 required=15.0\n\ttests=GTUBE\n")]
    [InlineData(
        """{"score":-0.5,"required_score":15.0,"action":"no action","symbols":{"A B":{},"R_SPF_ALLOW":{}}}""",
        "",
        "X-Spam-Status: No, score=-0.5 required=15.0\n\ttests=A?B,\n\tR_SPF_ALLOW\n")]
    [InlineData("""{"score":4,"action":"greylist"}""", "", "X-Spam-Status: No, score=4.0 required=0.0\n\ttests=\n")]
    public void RspamdsReplyIsRead(string reply, string reason, string fields) =>
        Assert.Equal(new FilterVerdict(ServerReasons.Find(reason), fields), RspamdFilter.Read(Encoding.UTF8.GetBytes(reply)));

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"error":"busy"}""")]
    [InlineData("""{"action":1,"score":"x"}""")]
    public void WhatIsNoReplyOfRspamdIsAFailure(string reply) =>
        Assert.Throws<FilterException>(() => RspamdFilter.Read(Encoding.UTF8.GetBytes(reply)));

    [Fact]
    public void ClamdsReplyIsRead()
    {
        Assert.False(ClamdFilter.Read("stream: OK").IsSpam);
        Assert.Equal(
            new FilterVerdict(ServerReasons.VirusFound, "X-Virus-Status: Infected (Eicar-Test.?x?)\n"),
            ClamdFilter.Read("stream: Eicar-Test.\nx\n FOUND"));
        Assert.Throws<FilterException>(() => ClamdFilter.Read("INSTREAM size limit exceeded. ERROR"));
        Assert.Throws<FilterException>(() => ClamdFilter.Read(""));
    }

    /// <summary>A connection that breaks within a reply looks like its end: "stream: OK" may go on with a virus.</summary>
    [Theory]
    [InlineData("stream: OK\0", true)]
    [InlineData("stream: OK", false)]
    [InlineData("stream: OK\0stream: Eicar FOUND", false)]
    [InlineData("", false)]
    public async Task ClamdsReplyEndsWithNul(string reply, bool isOne)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        var asked = new ClamdFilter(listener.LocalEndpoint).JudgeAsync(_question, TestContext.Current.CancellationToken);
        Assert.Equal(isOne, await Record.ExceptionAsync(() => asked) is null);
        await serving;

        async Task ServeAsync()
        {
            using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            await client.GetStream().ReadExactlyAsync(
                new byte["zINSTREAM\0".Length + 4 + _question.Content.Length + 4], TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(reply), TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData("rules", true)]
    [InlineData("spamd:127.0.0.1:783", true)]
    [InlineData("spamd:[::1]:783", true)]
    [InlineData("spamd:filter.example:783", true)]
    [InlineData("spamd:/run/spamd.sock", true)]
    [InlineData("rspamd:http://127.0.0.1:11333", true)]
    [InlineData("pipe:/usr/bin/spamassassin", true)]
    [InlineData("pipe:spamassassin", false)]
    [InlineData("spamd:filter.example", false)]
    [InlineData("spamd:", false)]
    [InlineData("rspamd:127.0.0.1:11333", false)]
    [InlineData("rules:x", false)]
    [InlineData("", false)]
    public void AFilterIsChosenByItsKindAndPlace(string text, bool isOne) => Assert.Equal(isOne, FilterSetting.Error(text) is null);

    [Fact]
    public async Task OneThatFailsAgainAndAgainIsLeftAloneThenTriedByOneMessage()
    {
        var time = new FakeTimeProvider();
        var filter = new Scripted();
        using var limited = Limit(filter, time, failures: 3);
        filter.Answer = (_, _) => throw new FilterException("dead");
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(await limited.JudgeAsync(_question));
        }

        Assert.Equal(3, filter.Asked);
        Assert.True(limited.Rests);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("dead; it is suspended, and one message tries it every 30 s", limited.Trouble);
        Assert.Null(await limited.JudgeAsync(_question));
        Assert.Null(await limited.JudgeAsync(_question));
        Assert.Equal(4, filter.Asked);
        time.Advance(TimeSpan.FromSeconds(31));
        filter.Answer = (_, _) => Task.FromResult(new FilterVerdict(ServerReasons.SpamScore, ""));
        Assert.True((await limited.JudgeAsync(_question))?.IsSpam);
        Assert.True((await limited.JudgeAsync(_question))?.IsSpam);
        Assert.False(limited.Rests);
        Assert.Null(limited.Trouble);
    }

    [Fact]
    public async Task OneThatNeverAnswersIsNotWaitedFor()
    {
        var time = new FakeTimeProvider();
        var filter = new Scripted { Answer = (_, _) => new TaskCompletionSource<FilterVerdict>().Task };
        using var limited = Limit(filter, time, failures: 100);
        var asked = limited.JudgeAsync(_question);
        Assert.Equal(1, limited.Waiting);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await asked);
        Assert.Equal(0, limited.Waiting);
    }

    [Fact]
    public async Task NoMoreMessagesThanAllowedAreAskedAtOnceEvenWhenGivenUp()
    {
        var time = new FakeTimeProvider();
        var gate = new TaskCompletionSource<FilterVerdict>();
        var filter = new Scripted { Answer = (_, _) => gate.Task };
        using var limited = Limit(filter, time, failures: 100);
        var first = Enumerable.Range(1, 5)
            .Select(n => limited.JudgeAsync(_question with { Client = new IPAddress([192, 0, 2, (byte)n]) })).ToList();
        Assert.Equal(2, filter.Asked);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.All(await Task.WhenAll(first), Assert.Null);
        _ = limited.JudgeAsync(_question);
        Assert.Equal(2, filter.Asked);
        gate.SetResult(default);
    }

    /// <summary>Mail that takes long to scan makes others wait; that does not switch the filter off for everybody.</summary>
    [Fact]
    public async Task Messages_that_wait_too_long_for_their_turn_are_no_failures_of_the_filter()
    {
        var time = new FakeTimeProvider();
        var filter = new Scripted();
        filter.Answer = async (_, ct) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(4), time, ct);
            return default;
        };
        using var limited = Limit(filter, time, failures: 3);
        var asked = Enumerable.Range(0, 20).Select(_ => limited.JudgeAsync(_question)).ToList();
        time.Advance(TimeSpan.FromSeconds(4));
        await Task.WhenAll(asked[..2]);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, (await Task.WhenAll(asked)).Count(v => v is not null));
        Assert.False(limited.Rests);
    }

    /// <summary>It has all its slots and gives none back: whoever waits for one need not wait that long.</summary>
    [Fact]
    public async Task One_that_gives_no_slot_back_is_left_alone()
    {
        var time = new FakeTimeProvider();
        var gate = new TaskCompletionSource<FilterVerdict>();
        var filter = new Scripted { Answer = (_, _) => gate.Task };
        using var limited = Limit(filter, time, failures: 3);
        var asked = Enumerable.Range(0, 20).Select(_ => limited.JudgeAsync(_question)).ToList();
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.All(await Task.WhenAll(asked), Assert.Null);
        Assert.True(limited.Rests);
        gate.SetResult(default);
    }

    /// <summary>A filter that does anything but answer: hangs up, says nonsense, or is not there.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData(null)]
    public async Task ABrokenFilterCostsNoMail(string? reply)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var serving = reply is null ? Task.CompletedTask : ServeOnceAsync(listener, reply);
        if (reply is null)
        {
            listener.Stop();
        }

        await using var server = await TestServer.StartAsync(o => (o.Spam.Enabled, o.Spam.Filter) = (true, $"spamd:127.0.0.1:{port}"));
        Assert.StartsWith(
            "250", await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", "Subject: hello\n\nhello\n"),
            StringComparison.Ordinal);
        Assert.DoesNotContain("X-Spam", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        await serving;
    }

    /// <summary>The ladder's step: while too many wait nobody is asked; when they are gone, all are again.</summary>
    [Fact]
    public async Task AFloodSwitchesTheFilterOffAndItsEndOn()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = $"spamd:127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        await using var server = await TestServer.StartAsync(o =>
            (o.Spam.Enabled, o.Spam.Filter, o.Spam.SkipWhenWaiting, o.Spam.TimeLimit) = (true, address, 2, TimeSpan.FromMinutes(1)));

        // Two wait for a filter that takes its time: the third is delivered at once, without.
        var held = new List<Task<string>>();
        var connections = new List<TcpClient>();
        for (var i = 0; i < 2; i++)
        {
            held.Add(ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", $"Subject: held {i}\n\nhello\n"));
            connections.Add(await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken));
        }

        Assert.StartsWith(
            "250", await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", "Subject: third\n\nhello\n"),
            StringComparison.Ordinal);
        foreach (var connection in connections)
        {
            await AnswerAsync(connection, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 9.0 / 5.0\r\n\r\nX-Spam-Flag: YES\n\n");
        }

        await Task.WhenAll(held);

        // Messages on their way to their folders are part of what waits.
        Assert.Equal(2, (await server.MessagesAsync("Junk")).Length);
        var last = ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", "Subject: last\n\nhello\n");
        await AnswerAsync(
            await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken),
            "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 9.0 / 5.0\r\n\r\nX-Spam-Flag: YES\n\n");
        await last;
        Assert.Contains("Subject: third", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        Assert.Equal(3, (await server.MessagesAsync("Junk")).Length);
    }

    private static async Task ServeOnceAsync(TcpListener listener, string reply) =>
        await AnswerAsync(await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken), reply);

    private static async Task AnswerAsync(TcpClient client, string reply)
    {
        using (client)
        {
            await using var stream = client.GetStream();
            await new StreamReader(stream, Encoding.Latin1, leaveOpen: true).ReadToEndAsync(TestContext.Current.CancellationToken);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(reply), TestContext.Current.CancellationToken);
        }
    }

    internal static LimitedFilter Limit(IMessageFilter filter, TimeProvider time, int failures)
    {
        var factory = new ServiceCollection().AddMetrics().BuildServiceProvider()
            .GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        return new(
            filter, new(TimeSpan.FromSeconds(5), 2, failures, TimeSpan.FromSeconds(30)), time, new BackstopMetrics(factory),
            NullLogger<LimitedFilter>.Instance);
    }

    internal sealed class Scripted : IMessageFilter
    {
        public Func<FilterQuestion, CancellationToken, Task<FilterVerdict>> Answer { get; set; } = (_, _) =>
            Task.FromResult(default(FilterVerdict));

        public int Asked { get; private set; }

        public string Name => "scripted";

        public Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
        {
            Asked++;
            return Answer(question, ct);
        }
    }
}
