using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Backstop.Server.Net;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What the service manager is told, and when it is told nothing.</summary>
public sealed class ServiceManagerTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly TempFolder _folder = new();
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _manager.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_is_told_at_a_path_and_by_an_abstract_name(bool isAbstract)
    {
        var name = "backstop-test-" + Guid.NewGuid().ToString("N");
        _manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name : _folder["notify"]));
        var told = new ServiceManager(isAbstract ? "@" + name : _folder["notify"], null, _time);
        told.Ready("serves");
        Assert.Equal("READY=1\nSTATUS=serves", Heard());
        told.Stopping();
        Assert.StartsWith("STOPPING=1\n", Heard(), StringComparison.Ordinal);
    }

    /// <summary>systemd compares it with its own CLOCK_MONOTONIC.</summary>
    [Fact]
    public void A_reload_is_told_with_the_kernels_time()
    {
        var told = Listen(null);
        var before = Now();
        told.Reloading();
        var lines = Heard().Split('\n');
        Assert.Equal("RELOADING=1", lines[0]);
        var micros = long.Parse(lines[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture);
        Assert.InRange(micros, before, Now());

        static long Now()
        {
            Assert.Equal(0, GetTime(1, out var time));
            return (time.Seconds * 1_000_000) + (time.Nanoseconds / 1000);
        }
    }

    [Fact]
    public async Task It_hears_that_the_server_lives_only_while_the_check_says_so()
    {
        var told = Listen(TimeSpan.FromSeconds(60));
        string? trouble = null;
        using var end = new CancellationTokenSource();
        var asked = new SemaphoreSlim(0);
        var watched = told.WatchAsync(
            _ =>
            {
                asked.Release();
                return Task.FromResult(trouble);
            },
            end.Token);
        Assert.Equal("WATCHDOG=1", Heard());
        await asked.WaitAsync(Ct);

        // Half of what it waits for.
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, _manager.Available);
        trouble = "the port is silent";
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("STATUS=the port is silent", Heard());
        await asked.WaitAsync(Ct);

        // It is asked sooner again, so that one moment without room is no death.
        trouble = null;
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("WATCHDOG=1", Heard());
        await end.CancelAsync();
        await watched;
    }

    [Fact]
    public async Task Nobody_is_told_where_there_is_no_manager()
    {
        var none = ServiceManager.None;
        none.Trouble = e => Assert.Fail(e);
        none.Ready("serves");
        await none.WatchAsync(_ => throw new InvalidOperationException("asked"), Ct);
    }

    [Fact]
    public void Manager_that_has_gone_is_trouble_and_nothing_more()
    {
        var trouble = new List<string>();
        new ServiceManager(_folder["nobody"], null, _time) { Trouble = trouble.Add }.Ready("serves");
        Assert.Single(trouble);
    }

    private ServiceManager Listen(TimeSpan? watchdog)
    {
        _manager.Bind(new UnixDomainSocketEndPoint(_folder["notify"]));
        return new(_folder["notify"], watchdog, _time);
    }

    private string Heard()
    {
        var octets = new byte[4096];
        return Encoding.UTF8.GetString(octets, 0, _manager.Receive(octets));
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetTime(int clock, out KernelTime time);

    [StructLayout(LayoutKind.Sequential)]
    private struct KernelTime
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
