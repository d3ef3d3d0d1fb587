namespace Backstop.Protocols.Spamd;

/// <summary>What a client of spamd may ask.</summary>
public enum SpamdVerb
{
    /// <summary>Score only.</summary>
    Check,

    /// <summary>Score and the names of the rules that hit.</summary>
    Symbols,

    /// <summary>Score and report.</summary>
    Report,

    /// <summary>Score, and the report where it is spam.</summary>
    ReportIfSpam,

    /// <summary>The header of the message as it is handed on.</summary>
    Headers,

    /// <summary>The message as it is handed on.</summary>
    Process,

    /// <summary>Are you there?</summary>
    Ping,

    /// <summary>Nothing: the client changed its mind.</summary>
    Skip,

    /// <summary>Learn, or forget, this message.</summary>
    Tell,
}

/// <summary>A request's first line and its header (spamd/PROTOCOL of SpamAssassin 4.0.1).</summary>
/// <param name="Verb">What is asked.</param>
/// <param name="Version">Of the client's protocol, in tenths: 15 is 1.5. Before 12 there is no Content-length, before 11 no header.</param>
public sealed record SpamdRequest(SpamdVerb Verb, int Version)
{
    /// <summary>Octets of the body, compressed as they may be; null: until the client closes its side.</summary>
    public long? ContentLength { get; init; }

    /// <summary>The user whose settings count (the User field); empty where the client names none.</summary>
    public string User { get; init; } = "";

    /// <summary>The body is zlib data (RFC 1950).</summary>
    public bool IsCompressed { get; init; }

    /// <summary>For <see cref="SpamdVerb.Tell"/>: spam or ham; empty when not said.</summary>
    public string MessageClass { get; init; } = "";

    /// <summary>For <see cref="SpamdVerb.Tell"/>: put it into the learner.</summary>
    public bool SetLocal { get; init; }

    /// <summary>For <see cref="SpamdVerb.Tell"/>: take it out of the learner.</summary>
    public bool RemoveLocal { get; init; }

    /// <summary>The verb needs a message.</summary>
    public bool HasBody => Verb is not (SpamdVerb.Ping or SpamdVerb.Skip);
}
