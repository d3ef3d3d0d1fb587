namespace Backstop.SpamRules.Relays;

/// <summary>One handover between mail servers, as a Received field tells it.</summary>
internal sealed class Relay
{
    public string Ip { get; set; } = "";

    public string Rdns { get; set; } = "";

    public string Helo { get; set; } = "";

    public string By { get; set; } = "";

    public string Ident { get; set; } = "";

    public string? EnvelopeFrom { get; set; }

    public string Id { get; set; } = "";

    public string Auth { get; set; } = "";

    public bool IsPrivate { get; set; }

    /// <summary>Whether the server looked up the client's address and found no name.</summary>
    public bool HasNoReverseDns { get; set; }

    public bool IsInternal { get; set; }

    public bool IsSubmission { get; set; }

    /// <summary>The form in which rules match it: <c>[ ip=… rdns=… ]</c>.</summary>
    public override string ToString() =>
        $"[ ip={Ip} rdns={Rdns} helo={Helo} by={By} ident={Ident} envfrom={EnvelopeFrom} intl={(IsInternal ? 1 : 0)} id={Id} "
            + $"auth={Auth} msa={(IsSubmission ? 1 : 0)} ]";
}
