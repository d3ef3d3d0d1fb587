using System.Net;
using System.Text;
using Backstop.Judging;
using Backstop.Server.Net;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>The DNS names of clients: nothing that is asked about them holds mail up.</summary>
public sealed class ClientNamesTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _time = new();
    private int _lookups;

    /// <summary>A resolver that is dead: three mails wait for it, the next ones do not until it has rested.</summary>
    [Fact]
    public async Task Silent_resolver_is_waited_for_by_the_clock_that_is_given_and_then_left_alone()
    {
        var names = new ClientNames(NeverAsync, _limit, _time);
        for (var i = 1; i <= 3; i++)
        {
            var name = names.Of(Client(i));
            _time.Advance(_limit - TimeSpan.FromTicks(1));
            Assert.False(name.IsCompleted);
            _time.Advance(TimeSpan.FromTicks(1));
            Assert.Equal("", await name);
        }

        Assert.Equal("", await names.Of(Client(4)).WaitAsync(TimeSpan.Zero, TestContext.Current.CancellationToken));
        Assert.Equal(3, _lookups);
        _time.Advance(TimeSpan.FromSeconds(30));
        _ = names.Of(Client(5));
        Assert.Equal(4, _lookups);
    }

    /// <summary>
    /// A client has one lookup, however many messages it sends; another address that a server before us states has its own.
    /// </summary>
    [Fact]
    public async Task Name_belongs_to_the_address_that_it_was_found_for()
    {
        var names = new ClientNames(AtOnceAsync, _limit, _time);
        var client = Client(1);
        Assert.Equal("", await client.Name);
        Assert.Equal("host-192.0.2.1.example", await names.Of(client));
        Assert.Equal("host-192.0.2.1.example", await names.Of(client));
        client.Take(new(new Dictionary<string, string?> { ["ADDR"] = "192.0.2.77" }));
        Assert.Equal("", await client.Name);
        Assert.Equal("host-192.0.2.77.example", await names.Of(client));
        client.Forget();
        Assert.Equal("", await client.Name);
        Assert.Equal("host-192.0.2.1.example", await names.Of(client));
    }

    /// <summary>
    /// SpamAssassin's rule for clients without a name reads what we write: otherwise 1.3 to 2.4 points for all direct mail.
    /// </summary>
    [Theory]
    [InlineData("mail.example.net", false, "from there (mail.example.net [192.0.2.1])")]
    [InlineData(null, true, "from there (unknown [192.0.2.1])")]
    [InlineData("", true, "from there ([192.0.2.1])")]
    public void Received_carries_the_name_as_filters_read_it(string? name, bool isNameless, string expected)
    {
        var client = Client(1);
        client.Helo = "there";
        var received = TraceHeader.Received(
            new(client, new(null), smtpUtf8: false), name, "mx.example.org", "1a2b", new(2026, 11, 30, 4, 0, 0, TimeSpan.Zero));
        Assert.StartsWith($"Received: {expected}\n\tby mx.example.org with SMTP id 1a2b;\n", received, StringComparison.Ordinal);
        var rules = RuleSet.Parse("header __RDNS_NONE X-Spam-Relays-Untrusted =~ /^[^\\]]+ rdns= /\nmeta NAMELESS __RDNS_NONE\n");
        var result = new SpamScanner(rules).Scan(Encoding.ASCII.GetBytes(received + "Subject: x\n\nx\n"));
        Assert.Equal(isNameless, result.Hits.Any(h => h.Rule == "NAMELESS"));
    }

    private static ClientIdentity Client(int last) => new() { Address = new([192, 0, 2, (byte)last]) };

    private Task<string?> AtOnceAsync(IPAddress address, CancellationToken ct) => Task.FromResult<string?>($"host-{address}.example");

    // As ReverseLookup where DNS does not answer.
    private async Task<string?> NeverAsync(IPAddress address, CancellationToken ct)
    {
        _lookups++;
        var never = new TaskCompletionSource<string?>();
        await using var end = ct.Register(() => never.SetResult(""));
        return await never.Task;
    }
}
