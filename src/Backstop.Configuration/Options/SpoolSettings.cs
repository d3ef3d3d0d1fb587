namespace Backstop.Configuration.Options;

/// <summary>The spool: accepted messages that are not yet in all their folders.</summary>
internal sealed class SpoolSettings
{
    /// <summary>The spool's folder. Default: <c>spool</c> in the data folder.</summary>
    public string Path { get; set; } = "";

    /// <summary>The free disk space below which new mail is answered 452. Default 64MiB.</summary>
    [Bounds("0", "1024GiB")]
    public ByteSize MinFree { get; set; } = ByteSize.MiB(64);

    /// <summary>The size of one log file. Default 8MiB.</summary>
    [Bounds("1MiB", "1GiB")]
    public ByteSize Segment { get; set; } = ByteSize.MiB(8);

    /// <summary>The number of waiting messages above which new mail is answered 452. Default 1000000.</summary>
    [Bounds(1, 100_000_000)]
    public int MaxWaiting { get; set; } = 1_000_000;

    /// <summary>How long messages that were deleted with <c>queue delete</c> can be restored. Default 7d.</summary>
    [Bounds("0s", "3650d")]
    public TimeSpan KeepDeleted { get; set; } = TimeSpan.FromDays(7);
}
