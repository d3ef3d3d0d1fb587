using System.Buffers.Binary;
using System.Net;
using Backstop.MailAuth.Dnsbl;
using Backstop.Server.Net;
using CsCheck;

namespace Backstop.Tests.Server;

/// <summary>
/// Resolvers that lie, and octets that no resolver sends: a list that is not answered for lists nobody, and nothing else happens.
/// </summary>
public sealed class LyingDnsTests
{
    private const string Client = "9.113.0.203.bl.test";
    private const int QuestionEnd = 12 + 21 + 4;

    private static readonly byte[] _question = "\u00019\u0003113\u00010\u0003203\u0002bl\u0004test\0\0\u0001\0\u0001"u8.ToArray();

    private static readonly Dictionary<string, Func<byte[], byte[]>> _lies = new(StringComparer.Ordinal)
    {
        ["another id"] = r => With(r, 1, (byte)(r[1] ^ 1)),
        ["another name in the question"] = r => With(r, 13, (byte)'8'),
        ["another type in the question"] = r => With(r, QuestionEnd - 3, 16),
        ["another class in the question"] = r => With(r, QuestionEnd - 1, 3),
        ["no question"] = r => [.. With(r, 5, 0)[..12], .. Owned(r)],
        ["two questions"] = r => [.. With(r, 5, 2)[..QuestionEnd], .. _question, .. r[QuestionEnd..]],
        ["a question of our own, not a reply"] = r => With(r, 2, (byte)(r[2] & 0x7F)),
        ["an address of another name"] = r => [.. r[..QuestionEnd], 1, (byte)'x', 0, .. r[(QuestionEnd + 2)..]],
        ["a CNAME of another name, and that name's address"] = r =>
        [
            .. With(r, 7, 2)[..QuestionEnd], 1, (byte)'x', 0, 0, 5, 0, 1, 0, 0, 0, 1, 0, 2, 0xC0, 12,
            1, (byte)'x', 0, .. r[(QuestionEnd + 2)..],
        ],
        ["a name that points to itself"] = r => [.. r[..12], 0xC0, 12, 0, 1, 0, 1, .. r[QuestionEnd..]],
        ["two names that point to each other"] = r =>
            [.. With(r, 7, 2)[..QuestionEnd], 0xC0, QuestionEnd + 2, 0xC0, QuestionEnd, 0, 1, 0, 1],
        ["a record's name that points to itself"] = r => With(r, QuestionEnd + 1, QuestionEnd),
        ["a name that points behind the end"] = r => [.. r[..QuestionEnd], 0xFF, 0xFF, .. r[(QuestionEnd + 2)..]],
        ["a chain of 1,500 pointers"] = r => Chain(r, 1500),
        ["fifty CNAMEs in a circle"] = r =>
            [.. With(r, 7, 50)[..QuestionEnd], .. Enumerable.Repeat<byte[]>(
                [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 1, 0, 2, 0xC0, 12], 50).SelectMany(x => x)],
        ["an address of 60,000 octets"] = r => With(With(r, QuestionEnd + 10, 0xEA), QuestionEnd + 11, 0x60),
        ["65,535 records announced"] = r => With(With(r, 6, 0xFF), 7, 0xFF),
        ["five octets"] = r => r[..5],
        ["nothing"] = _ => [],
        ["noise"] = r => [.. r[..2], .. Noise(300)],
        ["an address outside 127/8"] = r => [.. r[..^4], 62, 0, 58, 94],
        ["127.0.0.1, as sinkholes say"] = r => [.. r[..^4], 127, 0, 0, 1],
        ["127.255.255.254, as lists say whom they do not serve"] = r => [.. r[..^4], 127, 255, 255, 254],
        ["SERVFAIL"] = r => With(r, 3, 0x82),
    };

    public static TheoryData<string> Lies => [.. _lies.Keys];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_false_reply_lists_no_address_and_throws_nothing(string lie)
    {
        await using var dns = NewDns();
        var zone = await WorkingAsync(dns);
        dns.Twist = (name, reply) => name == Client ? _lies[lie](reply) : reply;
        Assert.False(await zone.IsListedAsync(IPAddress.Parse("203.0.113.9"), Ct));
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_false_reply_gives_no_host_name(string lie)
    {
        await using var dns = NewDns();
        dns.Twist = (_, reply) => _lies[lie](reply);
        Assert.True(
            string.IsNullOrEmpty(
                await new ReverseLookup([dns.EndPoint], TimeSpan.FromMilliseconds(500)).NameAsync(IPAddress.Parse("203.0.113.9"), Ct)));
    }

    /// <summary>
    /// The longest chain that pointers of 14 bits can make: it fits only into a reply over TCP. A parser that follows it by
    /// recursion must not run out of stack.
    /// </summary>
    [Fact]
    public async Task Longest_chain_of_pointers_is_no_answer()
    {
        await using var dns = NewDns();
        var zone = await WorkingAsync(dns, 20);
        dns.AnswerOverTcp((_, reply) => Chain(reply, 8000));
        dns.Twist = (_, reply) => With(reply, 2, (byte)(reply[2] | 2));
        Assert.False(await zone.IsListedAsync(IPAddress.Parse("203.0.113.9"), Ct));
        Assert.True(dns.AnsweredOverTcp);
    }

    [Theory]
    [InlineData("as it is asked")]
    [InlineData("in capitals")]
    [InlineData("by a CNAME")]
    public async Task A_true_reply_is_believed(string how)
    {
        await using var dns = NewDns();
        var zone = await WorkingAsync(dns, 20);
        dns.Twist = (name, reply) => (name == Client ? how : "") switch
        {
            "in capitals" =>
                [.. reply[..24], .. reply[24..33].Select(b => b is >= (byte)'a' and <= (byte)'z' ? (byte)(b - 32) : b), .. reply[33..]],
            "by a CNAME" =>
            [
                .. With(reply, 7, 2)[..QuestionEnd], 0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 1, 0, 3, 1, (byte)'x', 0,
                1, (byte)'X', 0, .. reply[(QuestionEnd + 2)..],
            ],
            _ => reply,
        };
        Assert.True(await zone.IsListedAsync(IPAddress.Parse("203.0.113.9"), Ct));
    }

    /// <summary>
    /// A true reply with octets changed, taken out and put in: an answer or no answer, never another exception. Forty at a time,
    /// for most end by the time limit.
    /// </summary>
    [Fact]
    public async Task Any_octets_give_an_answer_or_a_fault()
    {
        await using var dns = NewDns();
        var lookup = new DnsAddressLookup([dns.EndPoint], TimeSpan.FromMilliseconds(100));
        var names = Enumerable.Range(0, 40).Select(i => $"c{i}.bl.test").ToArray();
        Array.ForEach(names, n => dns[n] = "127.0.0.2");
        var edits = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 60], Gen.Byte).Array[1, 6].Array[names.Length];
        await edits.SampleAsync(
            async all =>
            {
                dns.Twist = (name, reply) => all[Array.IndexOf(names, name)].Aggregate(reply, (r, e) => Edit(r, e.Item1, e.Item2, e.Item3));
                await Task.WhenAll(names.Select(n => LookUpAsync(lookup, n)));
            },
            iter: 10, threads: 1);
    }

    private static async Task LookUpAsync(DnsAddressLookup lookup, string name)
    {
        try
        {
            _ = await lookup.LookupAsync(name, Ct);
        }
        catch (DnsLookupException)
        {
            // No answer.
        }
    }

    [Fact]
    public async Task Session_goes_on_whatever_the_resolver_says()
    {
        await using var dns = NewDns();
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            o.Dnsbl = new() { Zones = ["bl.test"], Resolvers = [dns.EndPoint], TimeLimit = TimeSpan.FromMilliseconds(500) };
        });
        await ServerMail.StatusAsync(server, "\"Working\"");
        foreach (var lie in (string[])["another id", "a name that points to itself", "another name in the question"])
        {
            dns.Twist = (name, reply) => name == Client ? _lies[lie](reply) : reply;
            await Dialog.RunAsync(
                server.Smtp,
                "R: PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<>\nS: 250\nC: RCPT "
                    + "TO:<me@example.org>\nS: 250\nC: NOOP\nS: 250");
        }
    }

    private static TestDns NewDns() => new() { ["2.0.0.127.bl.test"] = "127.0.0.2", [Client] = "127.0.0.2" };

    // Where an answer is awaited, so long that a busy machine gives it too; where none may come, so short that the test ends.
    private static async Task<DnsblZone> WorkingAsync(TestDns dns, double seconds = 0.5)
    {
        var limit = TimeSpan.FromSeconds(seconds);
        var zone = new DnsblZone(
            "bl.test", new DnsAddressLookup([dns.EndPoint], limit).LookupAsync, new() { TimeLimit = limit }, TimeProvider.System);
        await zone.TestAsync(Ct);
        Assert.Equal(DnsblState.Working, zone.State);
        return zone;
    }

    private static byte[] With(byte[] reply, int at, byte value)
    {
        reply = [.. reply];
        if (at < reply.Length)
        {
            reply[at] = value;
        }

        return reply;
    }

    // The address record with its owner written out.
    private static byte[] Owned(byte[] reply) => reply.Length < QuestionEnd + 2 ? [] : [.. _question[..^4], .. reply[(QuestionEnd + 2)..]];

    private static byte[] Chain(byte[] reply, int pointers)
    {
        var chain = new byte[2 * pointers];
        for (var at = 0; at < chain.Length; at += 2)
        {
            BinaryPrimitives.WriteUInt16BigEndian(chain.AsSpan(at), (ushort)(0xC000 | (at == 0 ? 12 : QuestionEnd + at - 2)));
        }

        return [.. reply[..QuestionEnd], .. chain];
    }

    private static byte[] Noise(int count)
    {
        var noise = new byte[count];
        new Random(1).NextBytes(noise);
        return noise;
    }

    private static byte[] Edit(byte[] reply, int kind, int at, byte value) => (kind, at < reply.Length) switch
    {
        (_, false) => [.. reply, value],
        (0, _) => With(reply, at, value),
        (1, _) => [.. reply[..at], .. reply[(at + 1)..]],
        _ => [.. reply[..at], value, .. reply[at..]],
    };
}
