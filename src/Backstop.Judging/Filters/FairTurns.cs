using System.Net;
using Backstop.Backscatter.Storms;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;

namespace Backstop.Judging.Filters;

/// <summary>
/// Shares a filter's slots among clients: the next slot goes to the client that used the filter least lately, and one slot stays free for
/// clients that use it little. Mail that takes long to scan delays only its sender's.
/// </summary>
/// <remarks>
/// A client is an IPv4 address or an IPv6 /64. Time spent waiting is taken off what a client has used, so that nobody waits for ever behind
/// clients that come for the first time. Where there is one slot, or only one client, none is kept free.
/// </remarks>
/// <param name="slots">Messages at once.</param>
/// <param name="time">The clock.</param>
internal sealed class FairTurns(int slots, TimeProvider time)
{
    // A message costs 5-60 ms. A client may have the last slot if it sent only a few messages in ten seconds, or used less than a quarter
    // of what the busiest client used, as a mail server with much ordinary mail does.
    private const double ManySeconds = 0.2;
    private const double SmallPart = 0.25;
    private const int MaxClients = 10_000;
    private static readonly TimeSpan _window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<Turn> _waiting = [];
    private readonly Generations<IPAddress, Usage> _usages = new(MaxClients, 6 * _window, time);
    private Usage? _latest;
    private Usage? _most;
    private DateTimeOffset _otherCame = DateTimeOffset.MinValue;
    private int _taken;
    private int _left;

    /// <summary>How many slots were given back since the start.</summary>
    public int Left => Volatile.Read(ref _left);

    /// <summary>Waits for a slot.</summary>
    /// <param name="client">The sending host.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>The slot, to be given back to <see cref="Leave"/>.</returns>
    /// <exception cref="OperationCanceledException">Given up; no slot is taken.</exception>
    public async ValueTask<Turn> EnterAsync(IPAddress client, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Turn turn;
        lock (_gate)
        {
            turn = new(UsageOf(Networks.Front(client, 4, 8)), time.GetUtcNow());
            NoteClient(turn.Usage);
            _waiting.Add(turn);
            BeginNext();
        }

        await using var registration = ct.Register(() => GiveUp(turn, ct));
        await turn.Begun;
        return turn;
    }

    /// <summary>Gives a slot back, and counts the time since it was taken against its client.</summary>
    public void Leave(Turn turn)
    {
        lock (_gate)
        {
            _taken--;
            _left++;
            turn.Usage.Taken--;
            var now = time.GetUtcNow();
            turn.Usage.Seconds.Add(now, time.GetElapsedTime(turn.Since).TotalSeconds);
            _most = _most is { } most && most.Seconds.At(now) > turn.Usage.Seconds.At(now) ? most : turn.Usage;
            BeginNext();
        }
    }

    private void GiveUp(Turn turn, CancellationToken ct)
    {
        lock (_gate)
        {
            if (_waiting.Remove(turn))
            {
                turn.Cancel(ct);
            }
        }
    }

    private void BeginNext()
    {
        while (Next() is { } turn)
        {
            _waiting.Remove(turn);
            _taken++;
            turn.Usage.Taken++;
            turn.Begin(time.GetTimestamp());
        }
    }

    // Whether there is more than one client: then a slot is kept free.
    private void NoteClient(Usage usage)
    {
        if (_latest is not null && _latest != usage)
        {
            _otherCame = time.GetUtcNow();
        }

        _latest = usage;
    }

    // MinBy takes the first of equals: those of one client go in the order they came.
    private Turn? Next()
    {
        if (_waiting.Count == 0 || _taken >= slots)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var isKept = slots > 1 && _taken == slots - 1 && now - _otherCame < _window;
        var little = Math.Max(ManySeconds, SmallPart * (_most?.Seconds.At(now) ?? 0));
        return _waiting.Where(t => !isKept || t.Usage.IsLittle(now, little)).MinBy(t => t.Usage.Weight(now) - (now - t.Came).TotalSeconds);
    }

    private Usage UsageOf(IPAddress client)
    {
        if (!_usages.TryGet(client, out var usage))
        {
            usage = new();
            _usages.Add(client, usage);
        }

        return usage;
    }

    /// <summary>A message's slot, or its place among those that wait for one.</summary>
    internal sealed class Turn(Usage usage, DateTimeOffset came)
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when the slot is taken.</summary>
        public Task Begun => _begun.Task;

        /// <summary>When it began to wait.</summary>
        public DateTimeOffset Came { get; } = came;

        /// <summary>What its client used.</summary>
        public Usage Usage { get; } = usage;

        /// <summary>The clock's timestamp at which the slot was taken.</summary>
        public long Since { get; private set; }

        public void Begin(long since)
        {
            Since = since;
            _begun.SetResult();
        }

        public void Cancel(CancellationToken ct) => _begun.SetCanceled(ct);
    }

    /// <summary>How much of a filter a client used lately.</summary>
    internal sealed class Usage
    {
        private DecayedCount _seconds = new(_window);

        /// <summary>Slots it has now.</summary>
        public int Taken { get; set; }

        public ref DecayedCount Seconds => ref _seconds;

        public bool IsLittle(DateTimeOffset now, double seconds) => Taken == 0 && _seconds.At(now) < seconds;

        // A taken slot counts at once, like an expensive message: otherwise a client that was never here could take all of them.
        public double Weight(DateTimeOffset now) => _seconds.At(now) + (Taken * ManySeconds);
    }
}
