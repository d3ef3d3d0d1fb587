namespace Backstop.Posix;

/// <summary>What is known of the program at the other end of a connection.</summary>
internal enum PeerPlace
{
    /// <summary>On this host; its user is known.</summary>
    Here,

    /// <summary>On this host, but it has closed its end: whose it was can no longer be told.</summary>
    Gone,

    /// <summary>On another host, or in a container with a network of its own.</summary>
    Elsewhere,

    /// <summary>The kernel does not answer such questions here.</summary>
    Unknown,
}
