namespace Backstop.Server.Admission;

/// <summary>Tells whether a step of real mail is worked on now or within a moment, so that a flood must wait.</summary>
/// <remarks>
/// A session counts as work only from the arrival of a command to its reply. Otherwise a distant client would stop the flood for as long
/// as its lines travel.
/// </remarks>
internal sealed class RealWork(TimeProvider time)
{
    // A client nearby sends its next line within this time.
    private static readonly TimeSpan _grace = TimeSpan.FromMilliseconds(2);

    // A filter on another host that takes longer does not use this machine.
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(30);

    // The flood is held back only where real mail came within this time.
    private static readonly TimeSpan _recent = TimeSpan.FromSeconds(2);

    private readonly long _start = time.GetTimestamp() - (time.TimestampFrequency * 60);
    private int _messages;
    private int _steps;
    private long _began;
    private long _ended;

    /// <summary>Whether real mail is worked on now.</summary>
    public bool IsNow => (Volatile.Read(ref _steps) > 0 && Since(ref _began) < _longest) || Since(ref _ended) < _grace;

    /// <summary>Whether real mail was worked on lately.</summary>
    public bool IsRecent => Since(ref _began) < _recent || Since(ref _ended) < _recent;

    /// <summary>Counts a real message, at its first recipient here.</summary>
    public void Count() => Interlocked.Increment(ref _messages);

    /// <summary>Returns the count since the last call, and sets it to 0.</summary>
    public int TakeCount() => Interlocked.Exchange(ref _messages, 0);

    /// <summary>Records that real mail was seen and continues within a moment.</summary>
    public void Touch() => Volatile.Write(ref _ended, time.GetTimestamp());

    /// <summary>Begins a step, which ends when the returned value is disposed of.</summary>
    /// <param name="isReal">Whether it is a step of real mail; otherwise nothing is recorded.</param>
    public Step Begin(bool isReal)
    {
        if (!isReal)
        {
            return default;
        }

        Interlocked.Increment(ref _steps);
        Volatile.Write(ref _began, time.GetTimestamp());
        return new(this);
    }

    private void End()
    {
        Touch();
        Interlocked.Decrement(ref _steps);
    }

    private TimeSpan Since(ref long moment) => time.GetElapsedTime(Volatile.Read(ref moment) is var at && at == 0 ? _start : at);

    /// <summary>A step under way.</summary>
    internal readonly struct Step(RealWork? work) : IDisposable
    {
        public void Dispose() => work?.End();
    }
}
