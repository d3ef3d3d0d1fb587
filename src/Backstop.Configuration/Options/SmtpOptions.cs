using System.Net;

namespace Backstop.Configuration.Options;

/// <summary>What becomes of a lone LF in a message.</summary>
internal enum BareLf
{
    /// <summary>The session ends with 554.</summary>
    Refuse,

    /// <summary>It ends a line, where the client is one of <see cref="SmtpOptions.BareLfFrom"/>.</summary>
    Normalize,
}

/// <summary>Limits (RFC 5321 §4.5.3.1) and time limits (§4.5.3.2) of SMTP and LMTP. Defaults are the RFC's minimum or more.</summary>
internal sealed class SmtpOptions
{
    /// <summary>The largest message. Default 50MiB.</summary>
    [Bounds("64KiB", "2147483647")]
    public ByteSize MaxMessage { get; set; } = ByteSize.MiB(50);

    /// <summary>The largest header block of a message. Default 128KiB.</summary>
    [Bounds("1KiB", "1MiB")]
    public ByteSize MaxHeader { get; set; } = ByteSize.KiB(128);

    /// <summary>
    /// The longest line of a message, CRLF included. The RFC's minimum is 1000; real mail has longer lines. Default
    /// 64KiB.
    /// </summary>
    [Bounds("1000", "1GiB")]
    public ByteSize MaxTextLine { get; set; } = ByteSize.KiB(64);

    /// <summary>The longest command line, CRLF included. The RFC's minimum is 512; extensions need more. Default 2KiB.</summary>
    [Bounds("512", "64KiB")]
    public ByteSize MaxCommandLine { get; set; } = ByteSize.KiB(2);

    /// <summary>The most recipients of one message. The RFC's minimum is 100. Default 100.</summary>
    [Bounds(1, 10000)]
    public int MaxRecipients { get; set; } = 100;

    /// <summary>The longest local-part in octets. The RFC's minimum is 64; envelope tags need more. Default 256.</summary>
    [Bounds(64, 1000)]
    public int MaxLocalPart { get; set; } = 256;

    /// <summary>The longest domain in octets. Default 255.</summary>
    [Bounds(64, 255)]
    public int MaxDomain { get; set; } = 255;

    /// <summary>The longest path in octets, with its brackets. The RFC's minimum is 256. Default 514.</summary>
    [Bounds(256, 2000)]
    public int MaxPath { get; set; } = 514;

    /// <summary>The most connections at the same time; a further one is answered 421. Default 10000.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>The most connections at the same time from one address; loopback is not limited. Default 100.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxConnectionsPerClient { get; set; } = 100;

    /// <summary>The number of syntax and order errors after which a connection is closed with 421. Default 20.</summary>
    [Bounds(1, 10000)]
    public int MaxErrors { get; set; } = 20;

    /// <summary>
    /// The number of unknown recipients after which a connection is closed with 421, besides one for each mailbox that its
    /// mail reaches: such a client is guessing addresses. Your own servers are not limited. Default 20.
    /// </summary>
    [Bounds(1, 10000)]
    public int MaxUnknownRecipients { get; set; } = 20;

    /// <summary>
    /// The number of unknown recipients and other errors within ten minutes from one network (/24, of IPv6 /64) after which
    /// the network is answered 421 for ten minutes, besides one for each mailbox that its mail reaches. If the network sent
    /// wanted mail lately, only its sessions with more unknown recipients than known ones are ended. Default 100.
    /// </summary>
    [Bounds(1, 1_000_000)]
    public int MaxUnknownRecipientsNetwork { get; set; } = 100;

    /// <summary>
    /// What happens to a message with an LF that no CR precedes: <c>refuse</c> or <c>normalize</c>, which takes it as the end of
    /// a line from clients of <c>bare_lf_from</c>. The message still ends with CRLF, dot, CRLF only, and commands end with CRLF.
    /// Default refuse.
    /// </summary>
    public BareLf BareLf { get; set; } = BareLf.Refuse;

    /// <summary>
    /// Clients, as addresses or networks, whose lone LFs are normalized: old programs and devices of yours. Do not list a server
    /// that hands on other people's mail. Default: none.
    /// </summary>
    public IReadOnlyList<IPNetwork> BareLfFrom { get; set; } = [];

    /// <summary>
    /// How long the reply to each further error is delayed, once a session has made half of <c>max_errors</c> or of
    /// <c>max_unknown_recipients</c>; errors that were sent together wait at most ten times as long. At most a tenth of the
    /// connections wait, and none while connections are short. Default 1s.
    /// </summary>
    [Bounds("0s", "10s")]
    public TimeSpan ErrorDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The number of messages after which a connection is closed with 421. Default 1000.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxMessagesPerConnection { get; set; } = 1000;

    /// <summary>The number of Received fields that means a loop, RFC 5321 §6.3. Default 100.</summary>
    [Bounds(10, 1000)]
    public int MaxHops { get; set; } = 100;

    /// <summary>
    /// The work that classifier, spam rules, MIME and HTML code may spend on a message together, given as the CPU time it
    /// takes on an ordinary machine; messages larger than 256 KiB get more in proportion. Octets and steps are counted, not
    /// time, so that a busy machine judges no differently. When it is used up, the message is delivered without the
    /// remaining checks. Default 250ms.
    /// </summary>
    [Bounds("10ms", "1m")]
    public TimeSpan CpuPerMessage { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long to wait for a whole command line. The RFC's minimum is 5 minutes. Default 5m.</summary>
    [Bounds("1s", "1h")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long to wait for the first block after DATA. The RFC's minimum is 2 minutes. Default 2m.</summary>
    [Bounds("1s", "1h")]
    public TimeSpan DataTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long to wait for each further block. The RFC's minimum is 3 minutes. Default 3m.</summary>
    [Bounds("1s", "1h")]
    public TimeSpan BlockTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>
    /// How many octets of a message a second keep a client from being closed as silent: it may send nothing for
    /// <c>block_timeout</c>, and each octet gives it time at this rate. 0: any octet is enough. Default 100, a hundredth of
    /// what a modem carries.
    /// </summary>
    [Bounds("0", "1MiB")]
    public ByteSize MinDataRate { get; set; } = new(100);

    /// <summary>The time limit for receiving one message. Default 30m.</summary>
    [Bounds("10s", "1d")]
    public TimeSpan MessageTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>The time limit for a listed load balancer's PROXY header. Default 5s.</summary>
    [Bounds("1s", "5m")]
    public TimeSpan ProxyTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The time limit of the TLS handshake. Default 30s.</summary>
    [Bounds("1s", "5m")]
    public TimeSpan TlsTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long open sessions may continue after the server was told to stop. Default 10s.</summary>
    [Bounds("0s", "10m")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether lone LFs of a client are normalized.</summary>
    internal bool Normalizes(IPAddress client) => BareLf == BareLf.Normalize && BareLfFrom.Any(n => n.Contains(client));

    internal void Check(IConfigProblems problems)
    {
        if (BareLf == BareLf.Normalize && BareLfFrom.Count == 0)
        {
            problems.Add(
                "smtp.bare_lf", "no client is named; list those that send a lone LF, such as smtp.bare_lf_from = [\"192.0.2.7\"]");
        }

        foreach (var network in BareLfFrom.Where(n => n.PrefixLength == 0))
        {
            problems.Add("smtp.bare_lf_from", $"{network} covers every client; list the clients that send a lone LF");
        }
    }
}
