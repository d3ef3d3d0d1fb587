using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Interop;

/// <summary>
/// What systemd does for a unit of Type=notify with a socket unit, as far as a server notices: it holds the listening sockets, hands them
/// to one process after the other, and hears what they say. It cannot run here itself.
/// </summary>
internal sealed class ServiceStandIn : IDisposable
{
    // Opens the sockets once, then starts a program with them for each line of a file, one after the other.
    private const string Script = """
        import os, socket, sys, time
        starts, config, launcher, notify, ports = *sys.argv[1:5], [int(p) for p in sys.argv[5:]]
        held = []
        for port in ports:
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port)); s.listen(4096); held.append(s)
        print("holding", flush=True)
        done = 0
        while True:
            if len(open(starts).readlines()) == done:
                time.sleep(0.02)
                continue
            done += 1
            child = os.fork()
            if child == 0:
                high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(held)]
                for i, fd in enumerate(high): os.dup2(fd, 3 + i, inheritable=True)
                for fd in high: os.close(fd)
                os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(held)), LISTEN_FDNAMES="smtp:web",
                                  NOTIFY_SOCKET=notify, WATCHDOG_USEC="2000000", WATCHDOG_PID=str(os.getpid()))
                os.execv(launcher, [launcher, "serve", "--config", config])
            print("started", child, flush=True)
            _, status = os.waitpid(child, 0)
            print("ended", child, os.waitstatus_to_exitcode(status), flush=True)
        """;

    private readonly Socket _notify = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<string> _heard = [];
    private readonly Tool _tool;
    private readonly string _starts;
    private int _started;

    private ServiceStandIn(string folder, string config, int[] ports)
    {
        var path = Path.Combine(folder, "notify");
        _notify.Bind(new UnixDomainSocketEndPoint(path));
        _ = HearAsync();
        var script = Path.Combine(folder, "systemd.py");
        _starts = Path.Combine(folder, "starts");
        File.WriteAllText(script, Script);
        File.WriteAllText(_starts, "");
        _tool = Tool.Start(
            Needs.Program("python3", "python3"),
            [script, _starts, config, Server.Launcher, path, .. ports.Select(p => p.ToString(CultureInfo.InvariantCulture))]);
    }

    public string Output => _tool.Output;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Opens the sockets. No server runs yet.</summary>
    public static async Task<ServiceStandIn> HoldAsync(string folder, string config, params int[] ports)
    {
        var manager = new ServiceStandIn(folder, config, ports);
        await manager._tool.WaitForLineAsync("holding", TimeSpan.FromSeconds(30));
        return manager;
    }

    /// <summary>Starts a server, and returns its process once it has said that it is ready.</summary>
    public async Task<int> StartAsync()
    {
        var (before, told) = (++_started, Heard("READY=1"));
        await File.AppendAllTextAsync(_starts, "start\n", Ct);
        await Until.SoAsync(() => Heard("READY=1") > told, () => $"not ready:\n{_tool.Output}");
        var line = _tool.Output.Split('\n').Where(l => l.StartsWith("started ", StringComparison.Ordinal)).ElementAt(before - 1);
        return int.Parse(line["started ".Length..], CultureInfo.InvariantCulture);
    }

    public static Task SignalAsync(int process, string signal) => Tool.RunAsync("/bin/kill", [$"-{signal}", $"{process}"], Until.Bound);

    public Task EndedAsync(int process) => Until.SoAsync(
        () => _tool.Output.Split('\n').Contains($"ended {process} 0"), () => $"not ended:\n{_tool.Output}");

    /// <summary>How often it has heard a line.</summary>
    public int Heard(string line)
    {
        lock (_heard)
        {
            return _heard.Count(h => h.Split('\n').Any(l => l == line || l.StartsWith(line + "=", StringComparison.Ordinal)));
        }
    }

    public void Dispose()
    {
        _tool.Dispose();
        _notify.Dispose();
    }

    private async Task HearAsync()
    {
        var octets = new byte[4096];
        try
        {
            while (true)
            {
                var text = Encoding.UTF8.GetString(octets, 0, await _notify.ReceiveAsync(octets, Ct));
                lock (_heard)
                {
                    _heard.Add(text);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The end of the test.
        }
    }
}
