using System.Net;
using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Server.Guard;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What strangers or a full system provoke without end takes one line a minute in the log.</summary>
public sealed class SeldomLogTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
    private readonly LogLines _lines = new();
    private readonly ILoggerFactory _logs;

    public SeldomLogTests() => _logs = LoggerFactory.Create(l => l.AddProvider(_lines));

    public void Dispose()
    {
        _logs.Dispose();
        _lines.Dispose();
    }

    [Fact]
    public void Milter_connections_that_cannot_be_accepted()
    {
        using var listeners = new MilterListeners(
            null!, null!, new ListenOptions(), HandedSockets.None, _time, _logs.CreateLogger<MilterListeners>());
        for (var i = 0; i < 1000; i++)
        {
            listeners.NotAccepted(new SocketException((int)SocketError.TooManyOpenSockets));
        }

        Assert.Single(_lines.All);
        _time.Advance(TimeSpan.FromMinutes(1));
        listeners.NotAccepted(new SocketException((int)SocketError.TooManyOpenSockets));
        Assert.EndsWith("; 1001 failures since the start", _lines.All.Last(), StringComparison.Ordinal);
        Assert.Equal(2, _lines.All.Count);
    }

    [Theory]
    [InlineData("192.0.2.1", 10, "guard.servers does not list it; 1 such since the start")]
    [InlineData("127.0.0.1", 0, "guard.max_connections is the limit; 1 such since the start")]
    [InlineData("127.0.0.1", 10, "violates the protocol: no; 1 such since the start")]
    public async Task Guard_connections_that_are_closed(string client, int limit, string line)
    {
        var options = new BackstopOptions();
        options.Guard.MaxConnections = limit;
        using var connections = new GuardConnections(options, _time, _logs.CreateLogger<GuardConnections>());
        for (var i = 0; i < 1000; i++)
        {
            await connections.RunAsync(new IPEndPoint(IPAddress.Parse(client), 1), "milter", _ => throw new FormatException("no"));
        }

        Assert.EndsWith(line, Assert.Single(_lines.All), StringComparison.Ordinal);
    }
}
