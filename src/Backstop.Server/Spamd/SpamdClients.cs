namespace Backstop.Server.Spamd;

/// <summary>
/// Limits how many clients may send at the same time. When all places are taken, a newcomer gets that of the client that has been without
/// progress for longest, so that silent clients delay nobody. A client that keeps sending, or has sent its message, keeps its place.
/// </summary>
internal sealed class SpamdClients(int places, TimeProvider time) : IDisposable
{
    /// <summary>The octets that count as progress: a client that sends fewer in <see cref="Patience"/> may lose its place.</summary>
    public const int Progress = 16 << 10;

    /// <summary>A client that made progress within that time keeps its place: most messages take a few milliseconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly LinkedList<SpamdClient> _sending = [];
    private readonly Queue<TaskCompletionSource<SpamdClient>> _waiting = [];
    private ITimer? _timer;
    private int _taken;
    private int _leaving;

    /// <summary>Takes a place, as soon as there is one.</summary>
    public Task<SpamdClient> EnterAsync()
    {
        lock (_lock)
        {
            if (_taken < places)
            {
                return Task.FromResult(Admit());
            }

            var turn = new TaskCompletionSource<SpamdClient>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            MakeRoom();
            _timer ??= time.CreateTimer(_ => Look(), null, _look, _look);
            return turn.Task;
        }
    }

    /// <summary>Notes that octets came from a client.</summary>
    public void Came(SpamdClient client, long octets)
    {
        if (!client.HasProgressed(octets))
        {
            return;
        }

        lock (_lock)
        {
            client.Since = time.GetTimestamp();
            if (client.Node is { } node)
            {
                _sending.Remove(node);
                _sending.AddLast(node);
            }
        }
    }

    /// <summary>Records that a client has sent its whole message: it keeps its place.</summary>
    public void HasSent(SpamdClient client)
    {
        lock (_lock)
        {
            Forget(client);
        }
    }

    public void Leave(SpamdClient client)
    {
        lock (_lock)
        {
            Forget(client);
            _leaving -= client.IsCut ? 1 : 0;
            _taken--;
            if (_waiting.TryDequeue(out var turn))
            {
                turn.SetResult(Admit());
            }
        }

        client.Dispose();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
        }
    }

    private SpamdClient Admit()
    {
        _taken++;
        var client = new SpamdClient(time.GetTimestamp());
        client.Node = _sending.AddLast(client);
        return client;
    }

    private void Forget(SpamdClient client)
    {
        if (client.Node is { } node)
        {
            _sending.Remove(node);
            client.Node = null;
        }
    }

    private void Look()
    {
        lock (_lock)
        {
            MakeRoom();
            if (_waiting.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }
    }

    private void MakeRoom()
    {
        while (_leaving < _waiting.Count && _sending.First?.Value is { } oldest && time.GetElapsedTime(oldest.Since) >= Patience)
        {
            Forget(oldest);
            _leaving++;
            oldest.Cut();
        }
    }
}

/// <summary>A client that has a place.</summary>
/// <param name="since">When it got it.</param>
internal sealed class SpamdClient(long since) : IDisposable
{
    private readonly CancellationTokenSource _cut = new();
    private long _octets;

    /// <summary>When it got its place, or made progress last.</summary>
    public long Since { get; set; } = since;

    /// <summary>Cancelled when another client needs the place.</summary>
    public CancellationToken IsToGo => _cut.Token;

    public bool IsCut { get; private set; }

    public LinkedListNode<SpamdClient>? Node { get; set; }

    /// <summary>Counts octets; true each time <see cref="SpamdClients.Progress"/> of them have come.</summary>
    public bool HasProgressed(long octets)
    {
        _octets += octets;
        var isSo = _octets >= SpamdClients.Progress;
        _octets = isSo ? 0 : _octets;
        return isSo;
    }

    public void Cut()
    {
        IsCut = true;

        // Not here: what waits for the token must not run under the lock.
        ThreadPool.UnsafeQueueUserWorkItem(static client => client.Cancel(), this, preferLocal: false);
    }

    public void Dispose()
    {
        lock (_cut)
        {
            _cut.Dispose();
        }
    }

    private void Cancel()
    {
        lock (_cut)
        {
            try
            {
                _cut.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The client has ended already.
            }
        }
    }
}
