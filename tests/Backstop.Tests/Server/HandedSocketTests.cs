using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Posix;
using Backstop.Server;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Tests.Server;

/// <summary>Listening sockets that were handed over: who takes which, and that they outlive the server.</summary>
public sealed class HandedSocketTests : IDisposable
{
    // fcntl(2).
    private const int DuplicateDescriptor = 0;
    private const int DescriptorFlags = 1;

    private static readonly HashSet<int> _used = [];

    private readonly TempFolder _folder = new();
    private readonly List<Socket> _managers = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _managers.ForEach(s => s.Dispose());
        _folder.Dispose();
    }

    [Fact]
    public void Socket_is_taken_by_its_address_once()
    {
        var (first, second) = (Open(Tcp()), Open(Unix("policy")));
        using var handed = Hand(("smtp", first), ("policy", second));
        Assert.Null(handed.Take(new IPEndPoint(IPAddress.Loopback, 1)));
        Assert.True(handed.Has(second.LocalEndPoint!));
        using var policy = handed.Take(new UnixDomainSocketEndPoint(_folder["policy"]));
        Assert.NotNull(policy);
        Assert.Null(handed.Take(second.LocalEndPoint!));
        Assert.Equal([$"smtp ({first.LocalEndPoint}), which is no listener of the configuration"], handed.Unused);
    }

    [Fact]
    public void What_is_no_listening_socket_is_named_and_not_used()
    {
        using var file = File.OpenHandle(_folder["file"], FileMode.Create, FileAccess.Write);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(Tcp());
        using var handed = HandedSockets.Of([Copy(file.DangerousGetHandle()), Copy(silent.Handle)], ["journal", ""]);
        Assert.Equal(
            ["journal, which is no listening stream socket", "unknown, which is no listening stream socket"], handed.Unused);
        Assert.False(handed.Has(silent.LocalEndPoint!));
    }

    /// <summary>A program that we run must not hold our ports.</summary>
    [Fact]
    public void No_program_inherits_it()
    {
        var number = Copy(Open(Tcp()).Handle);
        Assert.Equal(0, Control(number, DescriptorFlags, 0));
        using var handed = HandedSockets.Of([number], ["smtp"]);
        Assert.Equal(1, Control(number, DescriptorFlags, 0));
    }

    /// <summary>Every listener of the configuration, served by one server and then, with the same sockets, by the next.</summary>
    [Fact]
    public async Task Two_servers_serve_the_same_sockets_one_after_the_other()
    {
        var lines = new LogLines();
        var (smtp, web, policy, milter, spamd, stray) = (
            Open(Tcp()), Open(Tcp()), Open(Unix("policy")), Open(Unix("milter")), Open(Unix("spamd")), Open(Tcp()));
        for (var run = 0; run < 2; run++)
        {
            var handed = Hand(("smtp", smtp), ("web", web), ("policy", policy), ("milter", milter), ("spamd", spamd), ("stray", stray));
            await using (await StartAsync(handed, smtp, web, lines))
            {
                Assert.StartsWith("220 ", await AskAsync(smtp.LocalEndPoint!, ""), StringComparison.Ordinal);
                var page = await AskAsync(web.LocalEndPoint!, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
                Assert.Contains("200 OK", page, StringComparison.Ordinal);
                var action = await AskAsync(policy.LocalEndPoint!, "request=smtpd_access_policy\n\n");
                Assert.StartsWith("action=", action, StringComparison.Ordinal);
                Assert.StartsWith("SPAMD/", await AskAsync(spamd.LocalEndPoint!, "PING SPAMC/1.5\r\n\r\n"), StringComparison.Ordinal);
                var offer = await AskAsync(milter.LocalEndPoint!, "\0\0\0\rO\0\0\0\u0006\0\0\u0001\u00FF\0\u001F\u00FF\u00FF");
                Assert.Equal('O', offer[4]);
            }
        }

        Assert.Contains(lines.All, l => l.Contains($"stray ({stray.LocalEndPoint})", StringComparison.Ordinal));
        var trouble = string.Join('\n', lines.All.Where(l => l.Contains("cannot be accepted", StringComparison.Ordinal)));
        Assert.True(trouble.Length == 0, trouble);
        Assert.All(["policy", "milter", "spamd"], name => Assert.True(File.Exists(_folder[name]), name));
    }

    /// <summary>Between two servers clients wait, and their words with them.</summary>
    [Fact]
    public async Task Client_that_comes_between_two_servers_is_served_by_the_next()
    {
        var (smtp, web) = (Open(Tcp()), Open(Tcp()));
        await (await StartAsync(Hand(("smtp", smtp), ("web", web)), smtp, web)).DisposeAsync();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(smtp.LocalEndPoint!, Ct);
        await using var next = await StartAsync(Hand(("smtp", smtp), ("web", web)), smtp, web);
        var reply = new byte[512];
        Assert.StartsWith("220 ", Encoding.Latin1.GetString(reply, 0, await client.ReceiveAsync(reply, Ct)), StringComparison.Ordinal);
    }

    private Task<BackstopServer> StartAsync(HandedSockets handed, Socket smtp, Socket web, LogLines? lines = null) =>
        BackstopServer.StartAsync(
            new()
            {
                Hostname = "mx.example.org",
                Domains = ["example.org"],
                Data = _folder["data"],
                Mailboxes = new() { ["me@example.org"] = new() },
                Listen = new()
                {
                    Smtp = [(IPEndPoint)smtp.LocalEndPoint!],
                    Web = [(IPEndPoint)web.LocalEndPoint!],
                    PolicySocket = _folder["policy"],
                    MilterSocket = _folder["milter"],
                    SpamdSocket = _folder["spamd"],
                },
                Dnsbl = new() { Zones = [] },
                Spool = new() { MinFree = default },
                Spam = new() { Rules = [Path.Combine(HouseRulesTests.Root(), "tests", "mails")] },
            },
            new(ServiceManager.None, handed), TimeProvider.System,
            l =>
            {
                l.SetMinimumLevel(lines is null ? LogLevel.None : LogLevel.Information);
                if (lines is not null)
                {
                    l.AddProvider(lines);
                }
            },
            Ct);

    private static async Task<string> AskAsync(EndPoint at, string question)
    {
        using var socket = at is IPEndPoint
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(at, Ct);
        await socket.SendAsync(Encoding.Latin1.GetBytes(question), Ct);
        var reply = new byte[4096];
        return Encoding.Latin1.GetString(reply, 0, await socket.ReceiveAsync(reply, Ct));
    }

    private static IPEndPoint Tcp() => new(IPAddress.Loopback, 0);

    private UnixDomainSocketEndPoint Unix(string name) => new(_folder[name]);

    // As the service manager has it open.
    private Socket Open(EndPoint at)
    {
        var socket = at is IPEndPoint
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(at);
        socket.Listen(100);
        _managers.Add(socket);
        return socket;
    }

    private static HandedSockets Hand(params (string Name, Socket Socket)[] sockets) =>
        HandedSockets.Of([.. sockets.Select(s => Copy(s.Socket.Handle))], [.. sockets.Select(s => s.Name)]);

    // Each number once: the kernel's epoll remembers a closed number as long as another one is open for the same socket, and here
    // all servers are one process.
    private static int Copy(nint descriptor)
    {
        var number = Control((int)descriptor, DuplicateDescriptor, 0);
        while (!_used.Add(number))
        {
            var next = Control((int)descriptor, DuplicateDescriptor, number + 1);
            new SafeFileHandle(number, ownsHandle: true).Dispose();
            number = next;
        }

        return number;
    }

    private static int Control(int descriptor, int command, int argument)
    {
        using var file = new SafeFileHandle(descriptor, ownsHandle: false);
        return Libc.Control(file, command, argument);
    }
}
