using System.Runtime.InteropServices;

namespace Backstop.Deliver;

/// <summary>
/// Ends a delivery on a signal, but only between two steps: a copy that is begun is finished or taken back, locks are given back,
/// and a mail that is not delivered yet stays with whoever gave it to us.
/// </summary>
internal sealed class AgentSignals : IDisposable
{
    private static readonly PosixSignal[] _signals = [PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT];

    private readonly CancellationTokenSource _asked = new();
    private readonly List<PosixSignalRegistration> _registered = [];

    /// <summary>Cancelled when a signal asks this process to end.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>Starts to catch signals: from now on one cancels <see cref="Asked"/> instead of ending the process.</summary>
    /// <remarks>Catching takes a thread, which is not worth it for a delivery that neither waits nor appends to an mbox.</remarks>
    public void Listen()
    {
        if (_registered.Count == 0)
        {
            Array.ForEach(_signals, s => _registered.Add(PosixSignalRegistration.Create(s, OnSignal)));
        }

        _asked.Token.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        _registered.ForEach(r => r.Dispose());
        _asked.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _asked.Cancel();
    }
}
