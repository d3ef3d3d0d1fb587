namespace Backstop.Clean;

/// <summary>How far the work is, for a progress bar. Safe to be used by any number of threads at once.</summary>
public sealed class Meter
{
    private long _done;
    private long _total;

    /// <summary>The present phase, as shown to people, such as "reading".</summary>
    public string What { get; private set; } = "starting";

    /// <summary>How much of the phase is done, in messages or octets.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>How much there is to do in this phase; 0 where it is not known.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Whether <see cref="Done"/> and <see cref="Total"/> count octets rather than messages.</summary>
    public bool IsOctets { get; private set; }

    /// <summary>Begins a phase, and counts from 0 again.</summary>
    internal void Begin(string what, long total, bool isOctets = false)
    {
        What = what;
        IsOctets = isOctets;
        Interlocked.Exchange(ref _total, total);
        Interlocked.Exchange(ref _done, 0);
    }

    /// <summary>Adds to what is done.</summary>
    internal void Add(long done) => Interlocked.Add(ref _done, done);
}
