using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Backstop.Server.Spamd;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Clients of spamd that say nothing, or too much, hold nobody up.</summary>
public sealed class SpamdClientsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Newcomer_gets_the_place_of_the_one_that_has_been_silent_longest()
    {
        using var clients = new SpamdClients(2, _time);
        var first = await clients.EnterAsync();
        _time.Advance(SpamdClients.Patience);
        var second = await clients.EnterAsync();
        var third = clients.EnterAsync();
        Assert.Equal((true, false, false), (first.IsCut, second.IsCut, third.IsCompleted));
        clients.Leave(first);
        Assert.False((await third).IsCut);
    }

    /// <summary>A large message takes its time; a client that trickles keeps nobody out.</summary>
    [Theory]
    [InlineData(SpamdClients.Progress, false)]
    [InlineData(SpamdClients.Progress - 1, true)]
    public async Task Client_that_keeps_sending_keeps_its_place(int octets, bool isCut)
    {
        using var clients = new SpamdClients(2, _time);
        var sending = await clients.EnterAsync();
        var silent = await clients.EnterAsync();
        _time.Advance(SpamdClients.Patience);
        clients.Came(sending, octets);
        var third = clients.EnterAsync();
        Assert.Equal((isCut, !isCut, false), (sending.IsCut, silent.IsCut, third.IsCompleted));
        clients.Leave(isCut ? sending : silent);
        await third;
    }

    [Fact]
    public async Task Nobody_is_cut_who_has_only_just_come()
    {
        using var clients = new SpamdClients(1, _time);
        var first = await clients.EnterAsync();
        var second = clients.EnterAsync();
        Assert.False(first.IsCut);
        _time.Advance(SpamdClients.Patience);
        Assert.True(first.IsCut);
        clients.Leave(first);
        await second;
    }

    [Fact]
    public async Task Nobody_is_cut_whose_message_is_here()
    {
        using var clients = new SpamdClients(1, _time);
        var first = await clients.EnterAsync();
        clients.HasSent(first);
        _time.Advance(SpamdClients.Patience * 100);
        var second = clients.EnterAsync();
        Assert.Equal((false, false), (first.IsCut, second.IsCompleted));
        clients.Leave(first);
        await second;
    }

    [Fact]
    public async Task As_many_are_cut_as_wait()
    {
        using var clients = new SpamdClients(10, _time);
        var old = new List<SpamdClient>();
        for (var i = 0; i < 10; i++)
        {
            old.Add(await clients.EnterAsync());
        }

        _time.Advance(SpamdClients.Patience);
        var waiting = Enumerable.Range(0, 3).Select(_ => clients.EnterAsync()).ToList();
        Assert.Equal(3, old.Count(c => c.IsCut));
        old.Where(c => c.IsCut).ToList().ForEach(clients.Leave);
        await Task.WhenAll(waiting);
    }

    [Fact]
    public void Slow_client_gets_a_term_and_a_fast_one_another()
    {
        using var slow = new SpamdPace(TimeSpan.FromMinutes(2), _time, CancellationToken.None);
        using var fast = new SpamdPace(TimeSpan.FromMinutes(2), _time, CancellationToken.None);
        slow.Came(SpamdPace.OctetsPerTerm - 1);
        _time.Advance(SpamdPace.Term / 2);
        fast.Came(SpamdPace.OctetsPerTerm);
        _time.Advance(SpamdPace.Term / 2);
        Assert.Equal((true, false), (slow.Token.IsCancellationRequested, fast.Token.IsCancellationRequested));
        for (var i = 0; i < 24; i++)
        {
            fast.Came(SpamdPace.OctetsPerTerm);
            _time.Advance(SpamdPace.Term / 2);
        }

        Assert.True(fast.Token.IsCancellationRequested);
    }

    [Fact]
    public void Memory_is_bounded_and_comes_back()
    {
        var memory = new SpamdMemory(10 * SpamdMemory.Share);
        var large = memory.Begin();
        Assert.True(large.TryHold(11 * SpamdMemory.Share));
        using (var second = memory.Begin())
        {
            Assert.True(second.TryHold(SpamdMemory.Share));
            Assert.False(second.TryHold(SpamdMemory.Share + 1));
        }

        large.Dispose();
        Assert.Equal(0, memory.Taken);
    }

    [Fact]
    public async Task Message_for_which_there_is_no_memory_is_refused_for_now()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(new byte[SpamdMemory.Share * 2], TestContext.Current.CancellationToken);
        using var holding = new SpamdMemory(0).Begin();
        using var pace = new SpamdPace(TimeSpan.FromMinutes(1), _time, CancellationToken.None);
        var (body, refusal) = await SpamdBody.ReadAsync(pipe.Reader, SpamdMemory.Share * 3, long.MaxValue, holding, pace);
        Assert.Null(body);
        Assert.StartsWith("SPAMD/1.0 69 ", Encoding.ASCII.GetString(refusal!), StringComparison.Ordinal);
    }

    /// <summary>Half a message was scored, and its half of the verdict sent.</summary>
    [Fact]
    public void Compressed_message_that_breaks_off_is_refused_wherever_it_does()
    {
        var message = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(i => $"Line {i} of a message.\r\n")));
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(message);
        }

        using var memory = new SpamdMemory(1 << 20).Begin();
        Assert.Equal(message, SpamdBody.Inflate(compressed.ToArray(), 1 << 20, memory).Body);
        for (var length = 0; length < compressed.Length; length++)
        {
            var (body, refusal) = SpamdBody.Inflate(compressed.ToArray()[..length], 1 << 20, memory);
            Assert.Equal((null, true), (body, refusal is not null));
        }
    }
}
