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
    [Bounds("10s", "1h")]
    public TimeSpan Wait { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a first try counts; a next one that comes later waits again. Default 2d.</summary>
    [Bounds("4h", "7d")]
    public TimeSpan RetryWithin { get; set; } = TimeSpan.FromDays(2);

    /// <summary>How long a domain does not wait again after its last mail from a network. Default 40d.</summary>
    [Bounds("1d", "365d")]
    public TimeSpan PassedFor { get; set; } = TimeSpan.FromDays(40);
}
