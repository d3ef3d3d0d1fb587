using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>
/// The first mail of strangers is deferred (451) and taken at its next try, from any host of the same network. Known
/// correspondents, own servers, bounces, and mail to postmaster and abuse never wait, nor does a sender's domain whose mail has come
/// again from that network.
/// </summary>
internal sealed class GreylistOptions
{
    /// <summary>Whether strangers wait. Default false.</summary>
    public bool Enabled { get; set; }

    /// <summary>How long after the first try the next one is taken. Default 3m.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")]
    public TimeSpan Wait { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a first try counts; a next one that comes later waits again. Default 2d.</summary>
    [Range(typeof(TimeSpan), "04:00:00", "7.00:00:00")]
    public TimeSpan RetryWithin { get; set; } = TimeSpan.FromDays(2);

    /// <summary>How long a domain does not wait again after its last mail from a network. Default 40d.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "365.00:00:00")]
    public TimeSpan PassedFor { get; set; } = TimeSpan.FromDays(40);
}
