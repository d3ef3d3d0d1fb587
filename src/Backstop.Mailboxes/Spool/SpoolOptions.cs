namespace Backstop.Mailboxes.Spool;

/// <summary>How the spool lies on disk.</summary>
public sealed class SpoolOptions
{
    /// <summary>Octets of one log file. Default 8 MiB.</summary>
    public long SegmentSize { get; set; } = 8L << 20;

    /// <summary>Free log files kept for use again. Default 2.</summary>
    public int SpareSegments { get; set; } = 2;

    /// <summary>
    /// Log files after which messages that cannot be delivered are moved forward, so that the files behind them can be freed.
    /// Default 8.
    /// </summary>
    public int MaxSegmentsBehind { get; set; } = 8;

    /// <summary>Told of trouble with the log's files that no caller waits for. Default: nobody.</summary>
    public Action<IOException> OnTrouble { get; set; } = static _ => { };
}
