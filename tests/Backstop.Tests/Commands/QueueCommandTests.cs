using System.CommandLine;
using System.Net.Sockets;
using Backstop.Commands;
using Backstop.Configuration;
using Backstop.Queue;
using Backstop.Server.Control;
using Backstop.Tests.Server;

namespace Backstop.Tests.Commands;

/// <summary>The verbs of the queue, through a running server and without one.</summary>
public sealed class QueueCommandTests : IDisposable
{
    private const string Me = "me@example.org";

    // As the program has it: "@example.org" is a domain.
    private static readonly ParserConfiguration _parser = new() { ResponseFileTokenReplacer = null };

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Queue_is_the_same_through_the_server_and_without_one(bool isStopped)
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        await using var server = await StuckAsync(_folder["data"]);
        await (isStopped ? server.StopAsync() : Task.CompletedTask);
        using (var session = await QueueSession.OpenAsync(server.Options, TimeProvider.System, Ct))
        {
            Assert.Equal(!isStopped, session.IsServed);
            var line = Assert.Single(await AskAsync(session, new(QueueVerbs.List))).Line!;
            Assert.Equal(
                (isStopped ? "queue:stopped" : "queue:folder-failed", "a@example.net", Me),
                (line.Reason, line.Sender, Assert.Single(Assert.Single(line.Copies).Recipients)));
        }

        Assert.Equal(("done", "queue:held"), await DoAsync(server, QueueVerbs.Hold));
        Assert.Equal("held", (await DoAsync(server, QueueVerbs.Deliver)).Result);
        Assert.Equal("done", (await DoAsync(server, QueueVerbs.Release)).Result);
        Assert.Equal("failed", (await DoAsync(server, QueueVerbs.Deliver)).Result);
        Assert.Equal("done", (await DoAsync(server, QueueVerbs.Redirect, "you@example.org")).Result);
        if (isStopped)
        {
            Assert.Equal(("delivered", ""), await DoAsync(server, QueueVerbs.Deliver));
        }
        else
        {
            await server.DeliveredAsync();
        }

        Assert.Single(Directory.GetFiles(Path.Combine(server.Options.Data, "mail", "you@example.org", "Maildir", "new")));
    }

    [Fact]
    public async Task Commands_without_a_server_take_turns()
    {
        await using var server = await TestServer.StartAsync();
        await server.StopAsync();
        var first = await QueueSession.OpenAsync(server.Options, TimeProvider.System, Ct);
        var second = QueueSession.OpenAsync(server.Options, TimeProvider.System, Ct);
        first.Dispose();
        (await second).Dispose();
    }

    [Fact]
    public async Task Only_the_owner_of_the_spool_may_ask()
    {
        await using var server = await TestServer.StartAsync(o => o.Spool.Path = _folder["spool"]);
        var socket = _folder["spool/control"];
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(socket));

        // Were the file opened to all by mistake, the server would still look at who asks.
        OtherUser.Invite(_folder.Path);
        OtherUser.Invite(_folder["spool"]);
        File.SetUnixFileMode(socket, (UnixFileMode)0b110_110_110);
        using var stranger = OtherUser.Connect(new UnixDomainSocketEndPoint(socket));
        using var stream = new NetworkStream(stranger);
        try
        {
            await stream.WriteAsync("{\"verb\":\"list\"}\n"u8.ToArray(), Ct);
        }
        catch (IOException)
        {
            // It has refused and hung up before it was asked; its answer is there all the same.
        }

        using var reader = new StreamReader(stream);
        Assert.Contains("only the user that the server runs as", await reader.ReadLineAsync(Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json\n", "not understood")]
    [InlineData("{\"verb\":\"burn\"}\n", "does not know")]
    [InlineData("[1]\n", "not understood")]
    [InlineData("{\"verb\":\"list\",\"ids\":null}\n", "not understood")]
    public async Task Nonsense_is_answered_and_the_server_goes_on(string request, string error)
    {
        await using var server = await TestServer.StartAsync();
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(DataPaths.Spool(server.Options), "control")), Ct);
            await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(request), Ct);
            using var reader = new StreamReader(new NetworkStream(socket));
            Assert.Contains(error, await reader.ReadLineAsync(Ct), StringComparison.Ordinal);
        }

        using var session = await QueueSession.OpenAsync(server.Options, TimeProvider.System, Ct);
        Assert.Empty(await AskAsync(session, new(QueueVerbs.List)));
    }

    /// <summary>A socket's name has room for 107 octets, and a data folder may lie deeper.</summary>
    [Fact]
    public async Task Spool_may_lie_deep()
    {
        var deep = Path.Combine(_folder.Path, new string('a', 100), new string('b', 100), "spool");
        await using var server = await TestServer.StartAsync(o => o.Spool.Path = deep);
        using var session = await QueueSession.OpenAsync(server.Options, TimeProvider.System, Ct);
        Assert.True(session.IsServed);
        Assert.Empty(await AskAsync(session, new(QueueVerbs.List)));
    }

    [Theory]
    [InlineData(new string[0], "needs the ids")]
    [InlineData(new[] { "1a", "--all" }, "not both")]
    [InlineData(new[] { "1a", "--to", "x@y.example" }, "not both")]
    [InlineData(new[] { "--older", "soon" }, "not an age")]
    public void Messages_are_chosen_in_one_way(string[] words, string error)
    {
        var (arguments, command) = Arguments();
        var parsed = command.Parse(words);
        var wrong = Assert.Throws<CommandException>(
            () => arguments.ChangeOf(parsed, QueueVerbs.Hold, parsed.GetValue(arguments.Ids) ?? []));
        Assert.Contains(error, wrong.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, wrong.ExitCode);
    }

    [Fact]
    public void Options_are_the_filter()
    {
        var (arguments, command) = Arguments();
        var parsed = command.Parse(["--to", "@b.example", "--from", "<>", "--reason", "held", "--older", "2h"], _parser);
        Assert.Equal(
            new QueueFilter { To = "@b.example", From = "<>", Reason = "held", OlderThan = 7200 },
            arguments.ChangeOf(parsed, QueueVerbs.Hold, []).Filter);
    }

    /// <summary>Senders choose their words.</summary>
    [Fact]
    public void Words_of_strangers_are_harmless_on_a_terminal()
    {
        var copy = new CopyLine(["me\u001b[2J@example.org"], Me, "INBOX\n", "/p", "queue:held", "err\u001b]0;x", 1, null);
        var line = new QueueLine("1a", default, 5, 12_345, "a\u202eb@c.example", "queue:held", "", 1, null, [copy, copy]);
        var done = new DoneLine("1\u001b", "busy", "x\u001b");
        foreach (var text in new[] { QueueText.Of(line), QueueText.Whole(line), QueueText.Of(done, "hold") })
        {
            Assert.DoesNotContain(text, c => c != '\n' && (char.IsControl(c) || c == '\u202e'));
        }

        Assert.Contains("12k", QueueText.Of(line), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(119, "119s")]
    [InlineData(7199, "119m")]
    [InlineData(7200, "2h")]
    [InlineData(200_000, "2d")]
    public void Ages_are_short(int seconds, string text) => Assert.Equal(text, Ages.Of(TimeSpan.FromSeconds(seconds)));

    private static (QueueArguments Arguments, Command Command) Arguments()
    {
        var arguments = new QueueArguments();
        var command = new Command("hold") { arguments.Ids };
        arguments.AddFilterTo(command, withAll: true);
        return (arguments, command);
    }

    private static async Task<List<QueueReply>> AskAsync(QueueSession session, QueueRequest request) =>
        await session.AskAsync(request, Ct).ToListAsync(Ct);

    // Does something about all messages, of which there is one; returns how that went, and why it waits then.
    private static async Task<(string Result, string Reason)> DoAsync(TestServer server, string verb, string target = "")
    {
        using var session = await QueueSession.OpenAsync(server.Options, TimeProvider.System, Ct);
        var done = Assert.Single(await AskAsync(session, new(verb) { Target = target })).Done!;
        var left = await AskAsync(session.IsServed ? await AgainAsync(session, server) : session, new(QueueVerbs.List));
        return (done.Result, left.Count == 0 ? "" : left[0].Line!.Reason);
    }

    // A connection is for one request.
    private static Task<QueueSession> AgainAsync(QueueSession session, TestServer server)
    {
        session.Dispose();
        return QueueSession.OpenAsync(server.Options, TimeProvider.System, Ct);
    }

    private async Task<TestServer> StuckAsync(string data)
    {
        var server = await TestServer.StartAsync(o =>
        {
            o.Data = data;
            o.Mailboxes[Me].Path = _folder["file/Maildir"];
        });
        Assert.StartsWith(
            "250", await ServerMail.SendAsync(server, "<a@example.net>", Me, "From: a@example.net\nSubject: lunch\n\nhello"),
            StringComparison.Ordinal);
        await ServerMail.StatusAsync(server, "\"failing\": [\n");
        return server;
    }
}
