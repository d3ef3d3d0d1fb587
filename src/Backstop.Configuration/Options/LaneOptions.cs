namespace Backstop.Configuration.Options;

/// <summary>
/// The share of connections (<c>smtp.max_connections</c>), of the spool's queue (<c>spool.max_waiting</c>) and of its
/// disk (<c>spool.min_free</c>), in percent, up to which a class of mail is accepted. The rest is kept for the classes
/// above it; known correspondents may use all of it.
/// </summary>
internal sealed class LaneOptions
{
    /// <summary>For unknown clients. Default 90.</summary>
    [Bounds(1, 100)]
    public int Ordinary { get; set; } = 90;

    /// <summary>For messages of the null sender: bounces and notices. Default 50.</summary>
    [Bounds(1, 100)]
    public int NullSender { get; set; } = 50;

    /// <summary>For clients most of whose mail was unwanted. Default 25.</summary>
    [Bounds(1, 100)]
    public int Suspect { get; set; } = 25;
}
