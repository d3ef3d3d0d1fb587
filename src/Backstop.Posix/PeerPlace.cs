namespace Backstop.Posix;

/// <summary>Where the program at the other end of a connection runs.</summary>
internal enum PeerPlace
{
    /// <summary>On this host; its user is known.</summary>
    Here,

    /// <summary>On this host, but it has closed its end, so its user is no longer known.</summary>
    Gone,

    /// <summary>On another host, or in a container with its own network.</summary>
    Elsewhere,

    /// <summary>Unknown: the kernel does not answer the question.</summary>
    Unknown,
}
