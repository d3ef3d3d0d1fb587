using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Configuration;
using Backstop.Posix;
using Microsoft.Extensions.Logging;
using static Backstop.Tests.Server.OtherUser;

namespace Backstop.Tests.Server;

/// <summary>
/// Who of this host may connect to the sockets that servers ask over, and who of those may have mail signed and journalled: whoever
/// may forges proof.
/// </summary>
public sealed class LocalPeerTests : IDisposable
{
    private const UnixFileMode OwnerAndGroup = (UnixFileMode)0b110_110_000;
    private const UnixFileMode All = (UnixFileMode)0b110_110_110;
    private const UnixFileMode Permissions = (UnixFileMode)0b111_111_111;
    private const string Sign = "19:sign me@example.org,";
    private const string NotFound = "9:NOTFOUND ,";

    // A number that no service has, and one of a service without a name.
    private const uint Person = 54321;
    private const uint Service = 987;

    private readonly TempFolder _folder = new();
    private readonly LogLines _log = new();

    public LocalPeerTests() => File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folder.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task Unix_sockets_are_for_their_owner_and_group()
    {
        await using var server = await StartAsync(_ => { });
        foreach (var name in new[] { "table", "policy", "milter", "spamd", "lmtp" })
        {
            Assert.Equal(OwnerAndGroup, File.GetUnixFileMode(_folder[name]) & Permissions);
        }

        Assert.Equal(SocketError.AccessDenied, Assert.Throws<SocketException>(() => Connect(At("table"))).SocketErrorCode);
    }

    [Fact]
    public async Task Unix_sockets_have_the_owner_group_and_mode_of_the_configuration()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root gives files away");
        await using var server = await StartAsync(o =>
        {
            o.Listen.SocketOwner = "nobody";
            o.Listen.SocketGroup = "daemon";
            o.Listen.SocketMode = (UnixFileMode)0b110_100_000;
            o.Listen.SpamdSocketMode = All;
        });
        Assert.Equal((Nobody, GroupAccount.Find("daemon")!.Value), FileOwner.Of(_folder["milter"]));
        Assert.Equal((UnixFileMode)0b110_100_000, File.GetUnixFileMode(_folder["milter"]) & Permissions);
        Assert.Equal(All, File.GetUnixFileMode(_folder["spamd"]) & Permissions);
    }

    [Fact]
    public void Unknown_users_groups_and_modes_are_reported_with_their_line()
    {
        var (_, errors) = ConfigFile.Parse(
            """
            domains = ["example.org"]
            listen.table_socket = "/run/t"
            listen.socket_owner = "no-such-user"
            listen.socket_group = "no-such-group"
            listen.socket_mode = "0999"
            listen.spamd_socket_mode = "01777"
            guard.users = ["root", "101", "no-such-user"]
            """,
            "b.toml");
        Assert.Equal(
            [
                "b.toml:3:8: listen.socket_owner: no user \"no-such-user\" on this host; write the name of an existing one",
                "b.toml:4:8: listen.socket_group: no group \"no-such-group\" on this host; write the name of an existing one",
                "b.toml:5:22: listen.socket_mode: \"0999\" is not a mode in octal, such as \"0660\"",
                "b.toml:6:28: listen.spamd_socket_mode: \"01777\" is not a mode in octal, such as \"0660\"",
                "b.toml:7:7: guard.users: no user \"no-such-user\" on this host; write the name or number of an existing one",
            ],
            errors.Select(e => e.ToString()));
    }

    /// <summary>
    /// As nobody through sockets that anybody may connect to: no tag, no entry in the journal, no field; and a line in the log.
    /// </summary>
    [Fact]
    public async Task Stranger_on_a_unix_socket_is_answered_without_signing_and_journalling()
    {
        await using var server = await StartAsync(o => o.Listen.SocketMode = All);
        await NothingIsSignedAsync(server, path => Connect(At(path)));
        Assert.Contains(
            _log.All, l => l.StartsWith("table: user nobody (65534) may not have mail signed or journalled", StringComparison.Ordinal));
    }

    /// <summary>The same over TCP: a user of this host is known there too.</summary>
    [Fact]
    public async Task Person_on_a_tcp_listener_is_answered_without_signing_and_journalling()
    {
        await using var server = await StartAsync(_ => { });
        await NothingIsSignedAsync(server, name => Connect(server.EndPoint(name), Person));
    }

    [Fact]
    public async Task Services_may_have_mail_signed_over_tcp_until_the_users_are_named()
    {
        await using (var server = await StartAsync(_ => { }))
        {
            using var service = Connect(server.EndPoint("table"), Service);
            Assert.Contains("prvs=", await AskAsync(service, Sign), StringComparison.Ordinal);
        }

        await using var strict = await StartAsync(o => o.Guard.Users = ["54321"]);
        using var named = Connect(strict.EndPoint("table"), Person);
        Assert.Contains("prvs=", await AskAsync(named, Sign), StringComparison.Ordinal);
        using var other = Connect(strict.EndPoint("table"), Service);
        Assert.Equal(NotFound, await AskAsync(other, Sign));
    }

    [Fact]
    public async Task Members_of_the_sockets_group_and_its_owner_may_have_mail_signed()
    {
        await using var server = await StartAsync(o => (o.Listen.SocketGroup, o.Listen.SocketOwner) = ("daemon", "nobody"));
        using var member = Connect(At("table"), Person, GroupAccount.Find("daemon")!.Value);
        Assert.Contains("prvs=", await AskAsync(member, Sign), StringComparison.Ordinal);
        using var owner = Connect(At("table"), Nobody, Person);
        Assert.Contains("prvs=", await AskAsync(owner, Sign), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Own_user_may_have_mail_signed_on_every_way()
    {
        await using var server = await StartAsync(_ => { });
        using var milter = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await milter.ConnectAsync(At("milter"), Ct);
        Assert.Equal("iiec", await OutboundAsync(milter));
        foreach (var endPoint in new EndPoint[] { At("table"), server.EndPoint("table") })
        {
            using var own = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            await own.ConnectAsync(endPoint, Ct);
            Assert.Contains("prvs=", await AskAsync(own, Sign), StringComparison.Ordinal);
        }
    }

    /// <summary>Who may say that a client logged in may have its mail signed: the proxy's XCLIENT is for servers.</summary>
    [Fact]
    public async Task Person_may_not_say_who_its_client_is()
    {
        await using var server = await StartAsync(_ => { });
        using var person = Connect(server.EndPoint("smtp_proxy"), Person);
        Assert.StartsWith("220 ", await AskAsync(person, ""), StringComparison.Ordinal);
        Assert.StartsWith("502 ", await AskAsync(person, "XCLIENT ADDR=192.0.2.1 LOGIN=me\r\n"), StringComparison.Ordinal);
        using var service = Connect(server.EndPoint("smtp_proxy"), Service);
        Assert.StartsWith("220 ", await AskAsync(service, ""), StringComparison.Ordinal);
        Assert.StartsWith("220 ", await AskAsync(service, "XCLIENT ADDR=192.0.2.1 LOGIN=me\r\n"), StringComparison.Ordinal);
    }

    /// <summary>A socket that its program has closed reads as root's.</summary>
    [Fact]
    public void Trusts_no_connection_whose_other_end_has_closed()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using var accepted = listener.Accept();
        Assert.Equal((PeerPlace.Here, FileOwner.Me), (SocketPeer.Of(accepted).Place, SocketPeer.Of(accepted).User));
        client.Dispose();
        Assert.Equal(PeerPlace.Gone, SocketPeer.Of(accepted).Place);
    }

    /// <summary>
    /// A macro alone makes no mail ours: on the listener for mail from outside, told by the trusted server itself, it is judged.
    /// </summary>
    [Fact]
    public async Task Mail_may_be_said_to_be_ours_only_on_the_listeners_that_are_named()
    {
        await using var server = await StartAsync(o =>
        {
            o.Outbound.Listeners = ["milter_socket", "policy_socket", "table_socket"];
            o.Mailboxes["me@example.org"].Aliases = [];
        });
        foreach (var isNamed in new[] { true, false })
        {
            EndPoint Of(string name) => isNamed ? At(name) : server.EndPoint(name);
            using var milter = Own(Of("milter"));
            Assert.Equal(isNamed ? "iiec" : "c", await OutboundAsync(milter));
            using var forging = Own(Of("milter"));
            Assert.StartsWith(
                isNamed ? "c" : "y", await KindsAsync(forging, "<>", "<prvs=0123456789=me@example.org>"), StringComparison.Ordinal);
            using var table = Own(Of("table"));
            Assert.Equal(!isNamed, await AskAsync(table, Sign) == NotFound);
        }

        Socket Own(EndPoint endPoint)
        {
            var own = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            own.Connect(endPoint);
            return own;
        }
    }

    [Theory]
    [InlineData("127.0.0.1:7626", "127.0.0.1:7626", "milter", true)]
    [InlineData("127.0.0.1:7626", "127.0.0.1:7625", "milter", false)]
    [InlineData("0.0.0.0:7626", "192.0.2.1:7626", "milter", true)]
    [InlineData("policy", "127.0.0.1:7626", "policy", true)]
    [InlineData("policy", "/run/p", "policy", false)]
    [InlineData("policy_socket", "/run/p", "policy", true)]
    [InlineData("/run/p", "/run/p", "policy", true)]
    [InlineData("/run/q", "/run/p", "policy", false)]
    public void Listener_is_named_by_its_key_or_address(string name, string listener, string protocol, bool may) =>
        Assert.Equal(
            may,
            new Backstop.Configuration.Options.OutboundOptions { Listeners = [name] }.MayClaim(
                listener.StartsWith('/') ? new UnixDomainSocketEndPoint(listener) : IPEndPoint.Parse(listener), protocol));

    [Fact]
    public void Rejects_a_listener_that_is_not_there()
    {
        var (_, errors) = ConfigFile.Parse(
            """
            domains = ["example.org"]
            listen.table_socket = "/run/t"
            outbound.listeners = ["table_socket", "/run/t", "milter"]
            """,
            "b.toml");
        Assert.Equal(
            "b.toml:3:10: outbound.listeners: \"milter\" is not a listener for mail servers; write one of table_socket, or the "
                + "address of one",
            Assert.Single(errors).ToString());
    }

    private static async Task NothingIsSignedAsync(TestServer server, Func<string, Socket> connect)
    {
        using var table = connect("table");
        Assert.Equal(NotFound, await AskAsync(table, Sign));
        using var policy = connect("policy");
        Assert.Equal("action=DUNNO\n\n", await AskAsync(
            policy,
            "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=203.0.113.9\nsender=me@example.org\n"
                + "recipient=victim@poison.example\ninstance=1\nsasl_username=x\n\n"));
        using var milter = connect("milter");
        Assert.Equal("c", await OutboundAsync(milter));
        await server.StopAsync();
        ServerMail.Journal(server, j => Assert.Equal(0, j.CountMessages()));
    }

    // A message of a user who logged in, as Postfix would tell it; the kinds of the packets that come back at its end.
    private static async Task<string> OutboundAsync(Socket milter) =>
        (await KindsAsync(milter, "<me@example.org>", "<victim@poison.example>"))[1..];

    private static async Task<string> KindsAsync(Socket milter, string sender, string recipient)
    {
        await AskAsync(milter, Packet('O', "\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"));
        await milter.SendAsync(Encoding.Latin1.GetBytes(string.Concat(
            Packet(
                'C', "client.example\0" + "4\0\0"
                    + "192.0.2.1\0"), Packet('D', "M{auth_authen}\0me\0"), Packet('M', $"{sender}\0"), Packet(
                    'R', $"{recipient}\0"),
            Packet('L', "Subject\0 x\0"), Packet('N', ""), Packet('B', "x\r\n"), Packet('E', ""), Packet('Q', ""))), Ct);
        using var stream = new NetworkStream(milter);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, Ct);
        var kinds = new StringBuilder();
        for (var rest = all.ToArray().AsSpan(); rest.Length > 4; rest = rest[(4 + BinaryPrimitives.ReadInt32BigEndian(rest))..])
        {
            kinds.Append((char)rest[4]);
        }

        // The recipient's answer, then those of the end.
        return kinds.ToString();
    }

    private static string Packet(char kind, string data)
    {
        var length = data.Length + 1;
        return $"{(char)(length >> 24)}{(char)((length >> 16) & 255)}{(char)((length >> 8) & 255)}{(char)(length & 255)}{kind}{data}";
    }

    private UnixDomainSocketEndPoint At(string name) => new(_folder[name]);

    private Task<TestServer> StartAsync(Action<Backstop.Configuration.Options.BackstopOptions> configure) => TestServer.StartAsync(
        o =>
        {
            BatvKeyFile.AddNew(o.Batv.Keys = _folder["keys"]);
            var any = new IPEndPoint(IPAddress.Loopback, 0);
            (o.Listen.Table, o.Listen.Policy, o.Listen.Milter, o.Listen.SmtpProxy) = ([any], [any], [any], [any]);
            (o.Listen.TableSocket, o.Listen.PolicySocket, o.Listen.MilterSocket) = (_folder["table"], _folder["policy"], _folder["milter"]);
            (o.Listen.SpamdSocket, o.Listen.LmtpProxySocket) = (_folder["spamd"], _folder["lmtp"]);
            (o.Relay.SmtpTo, o.Relay.LmtpTo) = ("127.0.0.1:1", "127.0.0.1:1");
            configure(o);
        },
        logging: l => l.AddProvider(_log));
}
