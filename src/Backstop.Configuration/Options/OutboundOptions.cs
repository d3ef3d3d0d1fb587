using System.Net;
using System.Net.Sockets;
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

    /// <summary>
    /// The listeners on which mail may be said to be ours: by a login or name of a listener that the other server tells, or by
    /// <c>networks</c>. Each by its key, such as <c>milter_socket</c>, or its address, such as <c>127.0.0.1:7626</c>. Mail of
    /// other listeners is judged, whatever is said of it. Give submission a listener of its own. Default: all.
    /// </summary>
    public IReadOnlyList<string> Listeners { get; set; } = [];

    /// <summary>Whether the envelope sender gets a tag (BATV), if there is a key. Default true.</summary>
    public bool SignSender { get; set; } = true;

    /// <summary>
    /// Whether the message gets the field X-Backstop-Sent, and a Message-ID of ours if it has none. Default true.
    /// </summary>
    public bool SignMessage { get; set; } = true;

    /// <summary>Whether Message-ID and recipients are added to the journal. Default true.</summary>
    public bool Journal { get; set; } = true;

    /// <summary>
    /// Recipients, as addresses and domains, whose mail gets no tag: lists that recognise subscribers by the envelope
    /// sender, and servers that compare it with From. Not in the SMTP proxy and the table <c>sign</c>, which must name
    /// the sender before they know the recipients. Default: none.
    /// </summary>
    public IReadOnlyList<string> UnsignedTo { get; set; } = [];

    /// <summary>
    /// Own senders, as addresses and domains, whose mail gets no tag: addresses that an alias or a list sends on
    /// elsewhere, where a tag as detail would arrive too, and senders of list software. Field and journal prove their
    /// bounces. Default: none.
    /// </summary>
    public IReadOnlyList<string> UnsignedFrom { get; set; } = [];

    /// <summary>Whether mail may be said to be ours on a listener.</summary>
    /// <param name="listener">Its address; null where it is not known.</param>
    /// <param name="protocol">Its key, without <c>_socket</c>.</param>
    internal bool MayClaim(EndPoint? listener, string protocol)
    {
        var key = listener is UnixDomainSocketEndPoint ? protocol + "_socket" : protocol;
        return Listeners.Count == 0 || Listeners.Any(l => l == key || IsAt(l, listener));
    }

    // A listener on all addresses accepts on one of them.
    private static bool IsAt(string name, EndPoint? listener) => listener switch
    {
        UnixDomainSocketEndPoint socket => socket.ToString() == name,
        IPEndPoint at => IPEndPoint.TryParse(name, out var named) && named.Port == at.Port
            && (named.Address.Equals(at.Address) || named.Address.Equals(at.Address.MapToIPv4())
                || named.Address.Equals(IPAddress.Any) || named.Address.Equals(IPAddress.IPv6Any)),
        _ => false,
    };

    internal void Check(IConfigProblems problems, ListenOptions listen)
    {
        foreach (var name in Listeners.Where(l => !listen.Guards.Any(g => g.Key == l || g.Address == l)))
        {
            var known = listen.Guards.Select(g => g.Key).Distinct(StringComparer.Ordinal).ToList();
            problems.Add(
                "outbound.listeners",
                $"\"{name}\" is not a listener for mail servers; "
                    + (known.Count > 0 ? $"write one of {string.Join(", ", known)}, or the address of one" : "set one in [listen] first"));
        }

        Check("outbound.unsigned_to", UnsignedTo);
        Check("outbound.unsigned_from", UnsignedFrom);

        void Check(string key, IReadOnlyList<string> entries)
        {
            foreach (var entry in entries.Where(e => MailAddress.TryParse(e) is null && !MailAddress.IsDomain(e.TrimStart('@'))))
            {
                problems.Add(key, $"\"{entry}\" is neither an address nor a domain");
            }
        }
    }
}
