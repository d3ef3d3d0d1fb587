using System.Net;
using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>
/// Mail that users send through the other server: how it is recognised as ours, and what is added so that its bounces
/// prove themselves.
/// </summary>
internal sealed class OutboundOptions
{
    /// <summary>
    /// Networks whose mail is ours, besides the mail of users who logged in. Do not name loopback if filters hand mail
    /// back from there: mail of any sender would be signed. Default: none.
    /// </summary>
    public IReadOnlyList<IPNetwork> Networks { get; set; } = [];

    /// <summary>
    /// Names of listeners (macro {daemon_name}) whose mail is ours. Default <c>ORIGINATING</c>, the name in OpenDKIM's
    /// guides.
    /// </summary>
    public IReadOnlyList<string> Daemons { get; set; } = ["ORIGINATING"];

    /// <summary>Whether the envelope sender gets a tag (BATV), if there is a key. Default true.</summary>
    public bool SignSender { get; set; } = true;

    /// <summary>
    /// Whether the message gets the field X-Backstop-Sent, and a Message-ID of ours if it has none. Default true.
    /// </summary>
    public bool SignMessage { get; set; } = true;

    /// <summary>Whether Message-ID and recipients are added to the journal. Default true.</summary>
    public bool Journal { get; set; } = true;

    /// <summary>
    /// Addresses and domains whose mail gets no tag: lists and servers that recognise subscribers by the envelope
    /// sender. Default: none.
    /// </summary>
    public IReadOnlyList<string> UnsignedTo { get; set; } = [];

    internal void Check(IConfigProblems problems)
    {
        foreach (var to in UnsignedTo.Where(t => MailAddress.TryParse(t) is null && !MailAddress.IsDomain(t.TrimStart('@'))))
        {
            problems.Add("outbound.unsigned_to", $"\"{to}\" is neither an address nor a domain");
        }
    }
}
