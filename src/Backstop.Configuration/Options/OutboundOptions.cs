using System.Net;
using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>
/// Mail that leaves through the server we stand beside: what makes it ours, and what it gets so that its bounces prove themselves.
/// </summary>
internal sealed class OutboundOptions
{
    /// <summary>
    /// Networks whose mail is ours, beside mail of users who logged in. Not loopback where filters hand mail back from there: it
    /// would be signed whoever sent it. Default: none.
    /// </summary>
    public IReadOnlyList<IPNetwork> Networks { get; set; } = [];

    /// <summary>
    /// Names of listeners (macro {daemon_name}) whose mail is ours. Default <c>ORIGINATING</c>, the name that OpenDKIM's guides
    /// use.
    /// </summary>
    public IReadOnlyList<string> Daemons { get; set; } = ["ORIGINATING"];

    /// <summary>Whether the envelope sender gets a tag (BATV), where there is a key. Default true.</summary>
    public bool SignSender { get; set; } = true;

    /// <summary>Whether the message gets the field X-Backstop-Sent, and a Message-ID of ours where it has none. Default true.</summary>
    public bool SignMessage { get; set; } = true;

    /// <summary>Whether Message-ID and recipients go into the journal. Default true.</summary>
    public bool Journal { get; set; } = true;

    /// <summary>
    /// Addresses and domains whose mail gets no tag: lists and servers that know subscribers by the envelope sender. Default: none.
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
