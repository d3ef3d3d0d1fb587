namespace Backstop.Protocols.Spamd;

/// <summary>The requests of spamd's protocol.</summary>
public enum SpamdVerb
{
    /// <summary>Score only.</summary>
    Check,

    /// <summary>Score and the names of the rules that hit.</summary>
    Symbols,

    /// <summary>Score and report.</summary>
    Report,

    /// <summary>Score, and the report if it is spam.</summary>
    ReportIfSpam,

    /// <summary>The header of the message, marked with the result.</summary>
    Headers,

    /// <summary>The whole message, marked with the result.</summary>
    Process,

    /// <summary>Whether the server answers.</summary>
    Ping,

    /// <summary>Nothing: the client withdraws its request.</summary>
    Skip,

    /// <summary>Learn or forget this message.</summary>
    Tell,
}

/// <summary>The first line and header of a request (spamd/PROTOCOL of SpamAssassin 4.0.1).</summary>
/// <param name="Verb">The request.</param>
/// <param name="Version">The client's protocol version in tenths: 15 is 1.5. Before 12 there is no Content-length,
/// before 11 no header.</param>
public sealed record SpamdRequest(SpamdVerb Verb, int Version)
{
    /// <summary>Length of the body in octets, as sent (it may be compressed); null if the body ends with the stream.</summary>
    public long? ContentLength { get; init; }

    /// <summary>The user whose settings apply (the User field); empty if the client names none.</summary>
    public string User { get; init; } = "";

    /// <summary>Whether the body is zlib data (RFC 1950).</summary>
    public bool IsCompressed { get; init; }

    /// <summary>For <see cref="SpamdVerb.Tell"/>: spam or ham; empty if not given.</summary>
    public string MessageClass { get; init; } = "";

    /// <summary>For <see cref="SpamdVerb.Tell"/>: whether to learn the message.</summary>
    public bool SetLocal { get; init; }

    /// <summary>For <see cref="SpamdVerb.Tell"/>: whether to forget the message.</summary>
    public bool RemoveLocal { get; init; }

    /// <summary>Whether the request needs a message.</summary>
    public bool HasBody => Verb is not (SpamdVerb.Ping or SpamdVerb.Skip);
}
