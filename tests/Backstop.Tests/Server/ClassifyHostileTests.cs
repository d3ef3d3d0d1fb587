using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Server.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Callers of <c>/classify</c> that send too much, too slowly, too many at once, or guess.</summary>
public sealed class ClassifyHostileTests
{
    private const string Letter = "Subject: x\n\nhello\n";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A token that leaked is taken out of the file, and worth nothing while the server runs on.</summary>
    [Fact]
    public async Task Token_that_is_taken_out_of_the_file_is_refused_without_a_restart()
    {
        var time = new FakeTimeProvider();
        using var folder = new TempFolder();
        var (old, kept) = (new string('o', 32), new string('k', 32));
        await File.WriteAllTextAsync(folder["tokens"], old + "\n" + kept + "\n", Ct);
        var gate = new ClassifyGate(new() { Classify = new() { TokenFile = folder["tokens"] } }, time, NullLogger.Instance);
        Assert.Equal((null, null), (Check(old), Check(kept)));
        await File.WriteAllTextAsync(folder["tokens"], kept + "\n", Ct);
        File.SetLastWriteTimeUtc(folder["tokens"], new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((ClassifyProblem.WrongToken, null), (Check(old), Check(kept)));

        // A mistake in the file locks nobody out.
        await File.WriteAllTextAsync(folder["tokens"], "short\n", Ct);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((ClassifyProblem.WrongToken, null), (Check(old), Check(kept)));

        ClassifyProblem? Check(string token)
        {
            var context = new DefaultHttpContext();
            (context.Request.Method, context.Request.Host, context.Request.Headers.Authorization) = (
                "POST", new("127.0.0.1"), "Bearer " + token);
            return gate.Check(context.Request, out _);
        }
    }

    [Fact]
    public async Task Length_that_is_too_large_is_refused_before_any_of_it_is_sent()
    {
        await using var server = await Classifier.ServeAsync(o => o.Classify.MaxMessage = new(1 << 20));
        using var connection = await ConnectAsync(server);
        await SendAsync(connection, $"{Head()}Content-Length: {1 << 30}\r\nExpect: 100-continue\r\n\r\n");
        Assert.Contains("too-large", await AnswerAsync(connection, "HTTP/1.1 413 "), StringComparison.Ordinal);
    }

    /// <summary>The caller sends on and reads nothing: it still finds the answer.</summary>
    [Fact]
    public async Task Hundred_megabytes_without_a_length_are_refused_at_the_limit()
    {
        await using var server = await Classifier.ServeAsync(o => o.Classify.MaxMessage = new(1 << 20));
        using var connection = await ConnectAsync(server);
        await SendAsync(connection, Head() + "Transfer-Encoding: chunked\r\n\r\n");
        var chunk = Encoding.ASCII.GetBytes("10000\r\n" + new string('x', 0x10000) + "\r\n");
        var sent = 0L;
        try
        {
            for (; sent < 100 << 20; sent += 0x10000)
            {
                await connection.SendAsync(chunk, Ct);
            }

            await SendAsync(connection, "0\r\n\r\n");
        }
        catch (SocketException)
        {
            // Hung up on before the end, which is fine where the answer was sent first.
        }

        Assert.Contains("too-large", await AnswerAsync(connection, "HTTP/1.1 413 "), StringComparison.Ordinal);
        using var client = new Classifier(server);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Letter)).Status);
    }

    [Fact]
    public async Task Body_in_drips_is_given_up_and_its_place_is_free_again()
    {
        await using var server = await Classifier.ServeAsync(o =>
            (o.Classify.MaxParallel, o.Classify.TimeLimit) = (1, TimeSpan.FromSeconds(4)));
        using var client = new Classifier(server);
        using var connection = await HoldAsync(server, client);
        var started = Stopwatch.GetTimestamp();
        Assert.Contains("too-slow", await AnswerAsync(connection, "HTTP/1.1 408 "), StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Letter)).Status);
    }

    [Fact]
    public async Task Caller_that_hangs_up_midway_leaves_its_place()
    {
        await using var server = await Classifier.ServeAsync(o => o.Classify.MaxParallel = 1);
        using var client = new Classifier(server);
        (await HoldAsync(server, client)).Dispose();

        for (var tries = 0; (await client.PostAsync(Letter)).Status != HttpStatusCode.OK; tries++)
        {
            Assert.True(tries < 200, "its place is still taken");
            await Task.Delay(20, Ct);
        }
    }

    [Fact]
    public async Task Refuses_malformed_chunks()
    {
        await using var server = await Classifier.ServeAsync();
        using var connection = await ConnectAsync(server);
        await SendAsync(connection, Head() + "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n");
        Assert.Contains("cut-off", await AnswerAsync(connection, "HTTP/1.1 400 "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thousand_at_once_are_answered_each_and_mail_comes_in_meanwhile()
    {
        await using var server = await Classifier.ServeAsync(o => o.Classify.MaxParallel = 4);
        using var client = new Classifier(server);
        var bounce = Encoding.ASCII.GetBytes(ServerMail.BounceOf("x@example.org") + new string('x', 200_000));
        var all = Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => Task.Run(() => client.PostAsync(bounce), Ct)));
        Assert.StartsWith("250", await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", Letter), StringComparison.Ordinal);
        var answers = (await all).CountBy(a => a.Status).ToDictionary();
        Assert.Equal(1000, answers.GetValueOrDefault(HttpStatusCode.OK) + answers.GetValueOrDefault(HttpStatusCode.ServiceUnavailable));
        Assert.True(answers[HttpStatusCode.OK] >= 4);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(bounce)).Status);
    }

    /// <summary>Whoever guesses tokens would otherwise keep the owner out of the dashboard, from behind the same proxy.</summary>
    [Fact]
    public async Task Guessing_tokens_locks_nobody_out_and_fills_no_log()
    {
        var log = new LogLines();
        await using var server = await TestServer.StartAsync(
            o =>
            {
                o.Classify.Token = Classifier.Token;
                o.Web.Password = PasswordHash.Make("a long password");
            },
            logging: l => l.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        for (var i = 0; i < 300; i++)
        {
            using var guess = new Classifier(server, Classifier.Token[..^1] + (char)('a' + (i % 26)));
            Assert.Equal(HttpStatusCode.Unauthorized, (await guess.PostAsync(Letter)).Status);
        }

        using var client = new Classifier(server);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Letter)).Status);
        using var browser = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/login", Ct)).StatusCode);
        using var form = new FormUrlEncodedContent([]);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.PostAsync("/login", form, Ct)).StatusCode);
        Assert.Single(log.All, l => l.Contains("classify:", StringComparison.Ordinal));
        Assert.DoesNotContain(log.All, l => l.Contains(Classifier.Token[..20], StringComparison.Ordinal));
    }

    private static string Head() => $"POST /classify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Classifier.Token}\r\n";

    private static async Task<Socket> ConnectAsync(TestServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Web, Ct);
        return socket;
    }

    private static async Task SendAsync(Socket socket, string text) => await socket.SendAsync(Encoding.ASCII.GetBytes(text), Ct);

    // Takes the only place with a message that does not end. Until it is waited for the place is free, and whoever asks for it may
    // be the one who has it.
    private static async Task<Socket> HoldAsync(TestServer server, Classifier client)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1))
        {
            var holder = await ConnectAsync(server);
            await SendAsync(holder, Head() + "Content-Length: 1000\r\n\r\nS");
            while (!holder.Poll(0, SelectMode.SelectRead))
            {
                if (await IsBusyAsync(client))
                {
                    return holder;
                }
            }

            holder.Dispose();
        }

        throw new TimeoutException("never busy");
    }

    private static async Task<bool> IsBusyAsync(Classifier client)
    {
        using var content = new StringContent(Letter);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/classify") { Content = content };
        using var reply = await client.SendAsync(request);
        if (reply.StatusCode != HttpStatusCode.ServiceUnavailable)
        {
            return false;
        }

        Assert.Equal("busy", await Classifier.ErrorAsync(reply));
        Assert.Equal(TimeSpan.FromSeconds(1), reply.Headers.RetryAfter?.Delta);
        return true;
    }

    private static async Task<string> AnswerAsync(Socket socket, string start)
    {
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (!answer.ToString().Contains("}\n", StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer, limit.Token);
            Assert.True(read > 0, $"ended after: {answer}");
            answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        Assert.StartsWith(start, answer.ToString(), StringComparison.Ordinal);
        return answer.ToString();
    }
}
