namespace Backstop.Clean;

/// <summary>How far a run is, for whoever shows it. Any number of threads may read and count at once.</summary>
public sealed class Meter
{
    private long _done;
    private long _total;

    /// <summary>What is being done.</summary>
    public string What { get; private set; } = "starting";

    /// <summary>How much of it is done: messages, or octets.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>How much there is; 0 where nobody knows.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Whether octets are counted.</summary>
    public bool IsOctets { get; private set; }

    /// <summary>Begins a phase; the count starts again at 0.</summary>
    internal void Begin(string what, long total, bool isOctets = false)
    {
        What = what;
        IsOctets = isOctets;
        Interlocked.Exchange(ref _total, total);
        Interlocked.Exchange(ref _done, 0);
    }

    /// <summary>Counts what is done.</summary>
    internal void Add(long done) => Interlocked.Add(ref _done, done);
}
