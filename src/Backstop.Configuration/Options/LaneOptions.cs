using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>
/// How full connections (<c>smtp.max_connections</c>), the spool's queue (<c>spool.max_waiting</c>) and its disk
/// (<c>spool.min_free</c>) may be while a class of mail is still taken, in percent. The rest is kept for the classes above it; all
/// of it is there for known correspondents.
/// </summary>
internal sealed class LaneOptions
{
    /// <summary>For clients that nothing is known of. Default 90.</summary>
    [Range(1, 100)]
    public int Ordinary { get; set; } = 90;

    /// <summary>For messages of the null sender: bounces and notices. Default 50.</summary>
    [Range(1, 100)]
    public int NullSender { get; set; } = 50;

    /// <summary>For clients most of whose mail nobody here wanted. Default 25.</summary>
    [Range(1, 100)]
    public int Suspect { get; set; } = 25;
}
