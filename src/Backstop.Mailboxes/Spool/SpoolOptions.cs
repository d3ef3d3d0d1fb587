using Backstop.Posix;

namespace Backstop.Mailboxes.Spool;

/// <summary>The layout of the spool on disk.</summary>
public sealed class SpoolOptions
{
    /// <summary>The size of a log file in octets. Default 8 MiB.</summary>
    public long SegmentSize { get; set; } = 8L << 20;

    /// <summary>How many free log files are kept for reuse. Default 2.</summary>
    public int SpareSegments { get; set; } = 2;

    /// <summary>
    /// The number of log files after which undeliverable messages are moved forward, so that the files behind them can
    /// be freed. Default 8.
    /// </summary>
    public int MaxSegmentsBehind { get; set; } = 8;

    /// <summary>Called on errors of log files that no caller waits for. Default: does nothing.</summary>
    public Action<IOException> OnTrouble { get; set; } = static _ => { };

    /// <summary>The longest that a delivered copy may lie in memory only before it is written to the disk. Default 10 s.</summary>
    internal TimeSpan SyncInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What names this start of the machine. Where another one wrote the log, what was in memory only is gone. Default: the kernel's.
    /// </summary>
    internal string Boot { get; set; } = BootId.Read();
}
