using System.Net;
using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Server.Net;
using CsCheck;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Tests.Server;

/// <summary>Descriptors are shared out, and a listener outlives whatever happens to its socket.</summary>
public sealed class DescriptorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Whatever is configured, all parts together fit, and each gets something.</summary>
    [Fact]
    public void Shares_fit_into_the_limit() =>
        Gen.Select(
            Gen.Int[Descriptors.Least, 1_100_000], Gen.Int[1, 1_000_000], Gen.Int[1, 100_000], Gen.Int[0, 7]).Sample(
                (limit, mail, guard, listens) =>
        {
            var options = Options(mail, guard, listens);
            var plan = Descriptors.Plan(options, limit);
            var each = options.Listen.HandsOn ? 2 : 1;
            return (plan.Mail * each) + plan.Guard + plan.Web + plan.Spills + Descriptors.Own <= limit
                && plan.Mail <= mail && plan.Guard <= guard && plan.Web >= 16 && plan.Spills >= 16
                && (plan.Mail > 0) == (options.Listen.ReceivesMail || options.Listen.HandsOn)
                && (plan.Guard > 0) == options.Listen.GuardsServer;
        });

    [Fact]
    public void Plenty_changes_nothing_and_too_few_are_refused()
    {
        var options = Options(10_000, 4096, 1);
        Assert.Equal(10_000, Descriptors.Plan(options, 20_000).Mail);
        Assert.InRange(Descriptors.Plan(options, 1024).Mail, 200, 600);
        var error = Assert.Throws<IOException>(() => Descriptors.Plan(options, Descriptors.Least - 1));
        Assert.Contains("LimitNOFILE=", error.Message, StringComparison.Ordinal);
        Assert.InRange(Descriptors.OfProcess(), 1, int.MaxValue / 2);
    }

    [Fact]
    public async Task No_connection_is_accepted_above_the_limit_until_one_ends()
    {
        using var room = new ConnectionRoom(2);
        await using var listener = Listen(room);
        using var first = await ConnectAsync(listener);
        using var second = await ConnectAsync(listener);
        using var third = await ConnectAsync(listener);
        var accepted = await listener.AcceptAsync(Ct);
        await listener.AcceptAsync(Ct);
        Assert.Equal(2, room.Open);
        var waiting = listener.AcceptAsync(Ct).AsTask();
        Assert.False(waiting.IsCompleted);
        await accepted!.DisposeAsync();
        await accepted.DisposeAsync();
        Assert.NotNull(await waiting.WaitAsync(TimeSpan.FromSeconds(30), Ct));
        Assert.Equal(2, room.Open);
    }

    [Fact]
    public async Task A_listener_whose_socket_has_died_listens_anew_at_the_same_place()
    {
        using var room = new ConnectionRoom(10);
        await using var listener = Listen(room);
        listener.Socket.Dispose();
        await AcceptAsync(listener);
        Assert.Equal(1, room.Open);
    }

    /// <summary>Who may connect is who may write to the file: a new one must be as its administrator wants it before anybody can.</summary>
    [Fact]
    public async Task A_unix_socket_that_is_made_anew_gets_its_owner_and_mode_again()
    {
        using var folder = new TempFolder();
        using var room = new ConnectionRoom(10);
        var bound = 0;
        await using var listener = Listen(room, new UnixDomainSocketEndPoint(folder["s"]), _ =>
        {
            bound++;
            Assert.True(File.Exists(folder["s"]));
        });
        listener.Socket.Dispose();
        await AcceptAsync(listener);
        Assert.Equal(2, bound);
    }

    /// <summary>Somebody else has the port meanwhile, or there is no such group any more: it goes on trying.</summary>
    [Fact]
    public async Task A_listener_without_a_new_socket_tries_until_it_has_one()
    {
        using var room = new ConnectionRoom(10);
        var bound = 0;
        await using var listener = Listen(room, bound: _ =>
        {
            if (++bound is 2 or 3)
            {
                throw bound == 2 ? new AddressInUseException("taken") : new IOException("no such group");
            }
        });
        listener.Socket.Dispose();
        await AcceptAsync(listener);
        Assert.Equal(4, bound);
    }

    /// <summary>A new socket loses the clients that wait at the old one, and where no descriptor is left there is none to be had.</summary>
    [Theory]
    [InlineData(SocketError.TooManyOpenSockets, false)]
    [InlineData(SocketError.NoBufferSpaceAvailable, false)]
    [InlineData(SocketError.ConnectionAborted, false)]
    [InlineData(SocketError.NetworkDown, false)]
    [InlineData(SocketError.AccessDenied, false)]
    [InlineData(SocketError.InvalidArgument, true)]
    [InlineData(SocketError.NotSocket, true)]
    public void Only_an_error_of_the_socket_itself_makes_it_anew(SocketError error, bool isOfSocket) =>
        Assert.Equal(isOfSocket, EnduringListener.IsOfSocket(new SocketException((int)error)));

    [Fact]
    public async Task A_stop_ends_the_wait_for_a_client_and_for_room()
    {
        using var room = new ConnectionRoom(1);
        await using var listener = Listen(room);
        var waiting = listener.AcceptAsync(Ct).AsTask();
        var behind = listener.AcceptAsync(Ct).AsTask();
        await listener.UnbindAsync(Ct);
        Assert.Null(await waiting.WaitAsync(TimeSpan.FromSeconds(30), Ct));
        Assert.Null(await behind.WaitAsync(TimeSpan.FromSeconds(30), Ct));
    }

    private static EnduringListener Listen(ConnectionRoom room, EndPoint? at = null, Action<EndPoint>? bound = null) => new(
        at ?? new IPEndPoint(IPAddress.Loopback, 0), null, bound ?? (_ => { }), room, new SocketTransportOptions(),
        new SocketConnectionContextFactory(new(), NullLogger.Instance), TimeProvider.System, NullLogger.Instance);

    // Connects until it is accepted.
    private static async Task AcceptAsync(EnduringListener listener)
    {
        var waiting = listener.AcceptAsync(Ct).AsTask();
        for (var tries = 0; !waiting.IsCompleted; tries++)
        {
            Assert.True(tries < 500, "not accepted after ten seconds");
            try
            {
                using var client = await ConnectAsync(listener);
            }
            catch (SocketException)
            {
                // It listens again soon.
            }

            await Task.Delay(20, Ct);
        }

        Assert.NotNull(await waiting);
    }

    private static async Task<Socket> ConnectAsync(EnduringListener listener)
    {
        var socket = new Socket(listener.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(listener.EndPoint, Ct);
        return socket;
    }

    private static BackstopOptions Options(int mail, int guard, int listens)
    {
        IPEndPoint[] some = [new(IPAddress.Loopback, 0)];
        var options = new BackstopOptions
        {
            Listen = new()
            {
                Smtp = (listens & 1) > 0 ? some : [],
                Policy = (listens & 2) > 0 ? some : [],
                SmtpProxy = (listens & 4) > 0 ? some : []
            },
        };
        options.Smtp.MaxConnections = mail;
        options.Guard.MaxConnections = guard;
        return options;
    }
}
