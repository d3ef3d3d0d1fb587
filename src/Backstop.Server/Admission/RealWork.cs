namespace Backstop.Server.Admission;

/// <summary>Whether a step of real mail is being worked on just now, or will be in a moment: then a flood stands back.</summary>
/// <remarks>
/// A session is work only from a command's arrival to its reply: a client far away would stop the flood for as long as its lines
/// travel.
/// </remarks>
internal sealed class RealWork(TimeProvider time)
{
    // A client nearby says its next line within that time.
    private static readonly TimeSpan _grace = TimeSpan.FromMilliseconds(2);

    // A filter elsewhere that thinks for a second is no work here.
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(30);

    // Real mail lately: only then is there anybody to be held back for.
    private static readonly TimeSpan _recent = TimeSpan.FromSeconds(2);

    private readonly long _start = time.GetTimestamp() - (time.TimestampFrequency * 60);
    private int _messages;
    private int _steps;
    private long _began;
    private long _ended;

    /// <summary>Whether real mail is under way now.</summary>
    public bool IsNow => (Volatile.Read(ref _steps) > 0 && Since(ref _began) < _longest) || Since(ref _ended) < _grace;

    /// <summary>Whether there was any lately.</summary>
    public bool IsRecent => Since(ref _began) < _recent || Since(ref _ended) < _recent;

    /// <summary>A message has a recipient here: counted once.</summary>
    public void Count() => Interlocked.Increment(ref _messages);

    /// <summary>How many were counted since this was last asked.</summary>
    public int TakeCount() => Interlocked.Exchange(ref _messages, 0);

    /// <summary>Real mail was seen, and goes on in a moment.</summary>
    public void Touch() => Volatile.Write(ref _ended, time.GetTimestamp());

    /// <summary>A step begins, and ends with what this gives.</summary>
    /// <param name="isReal">Whether it is one of real mail; nothing is noted otherwise.</param>
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
