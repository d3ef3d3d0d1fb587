using System.Runtime.InteropServices;

namespace Backstop.Deliver;

/// <summary>Ends a delivery on a signal: locks are given back, and the mail stays with whoever gave it to us.</summary>
internal sealed class AgentSignals : IDisposable
{
    private const int TryAgain = 75;

    private int _ending;
    private readonly List<PosixSignalRegistration> _registered = [];

    private readonly AgentHost _host;

    public AgentSignals(AgentHost host, string name, Func<string> interrupted)
    {
        // Listening for signals takes a thread. A delivery that never waits is over before that is worth it.
        _host = host;
        host.Waiting = () => Register(host, name, interrupted);
    }

    public void Dispose()
    {
        _host.Waiting = null;
        _registered.ForEach(r => r.Dispose());
    }

    private void Register(AgentHost host, string name, Func<string> interrupted)
    {
        host.Waiting = null;
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT])
        {
            _registered.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (Interlocked.Exchange(ref _ending, 1) == 0)
                {
                    host.Log($"{name}: Terminating prematurely\n{interrupted()}");
                    host.Dispose();
                    Environment.Exit(TryAgain);
                }
            }));
        }
    }
}
