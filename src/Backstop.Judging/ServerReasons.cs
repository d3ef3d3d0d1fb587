using Backstop.Backscatter;

namespace Backstop.Judging;

/// <summary>The reasons of the server, beside those of the judge (<see cref="Reasons"/>), in the order of a session.</summary>
internal static class ServerReasons
{
    private const string ListPrefix = "dnsbl:";
    private const string ContentPrefix = "content:";

    public static readonly Reason ConnectionsLimit = new(
        "connections:limit", "All connections that there may be are taken.",
        "Raise smtp.max_connections, and the limit of open files with it.");
    public static readonly Reason ConnectionsClient = new(
        "connections:client", "The client has as many connections as one may have.", "Raise smtp.max_connections_per_client.");
    public static readonly Reason LaneConnections = new(
        "lane:connections", "Clients of its kind have as many connections as they may have while others wait.");
    public static readonly Reason Harvest = new(
        "recipients:harvest", "The client, or its network, has asked for too many addresses that are nobody's.");
    public static readonly Reason ProxyInvalid = new(
        "proxy:invalid", "The load balancer's PROXY header is not readable.",
        "Let the balancer send it (listen.proxy_from), version 1 or 2.");

    public static readonly Reason LineTooLong = new("line:too-long", "A line is longer than SMTP allows (RFC 5321 section 4.5.3.1).");
    public static readonly Reason LineBareEnd = new(
        "line:bare-end", "A line ends in a bare CR or LF: such ends smuggle mail past other servers.");
    public static readonly Reason StartTlsPipelined = new(
        "starttls:pipelined", "Commands came before TLS was agreed on: somebody may have put them in.");
    public static readonly Reason ErrorsLimit = new(
        "errors:limit", "The session has made too many errors.", "Raise smtp.max_errors for clients that must.");
    public static readonly Reason MessagesLimit = new(
        "messages:limit", "The session has brought as many messages as one may.",
        "The client connects anew; raise smtp.max_messages_per_connection.");

    public static readonly Reason SizeAnnounced = new(
        "size:announced", "The announced size is larger than a message may be.", "Raise smtp.max_message.");
    public static readonly Reason SpoolFull = new(
        "spool:full", "The disk of the spool has too little room.", "Make room; spool.min_free says how much is kept.");
    public static readonly Reason LaneFull = new("lane:full", "Too many reports are being taken; real mail goes first.");
    public static readonly Reason LadderReports = new(
        "ladder:reports", "The server is so far behind that reports must come again.", "`backstop status` says what it waits for.");
    public static readonly Reason RelayUnreachable = new(
        "relay:unreachable", "The server that mail is handed on to cannot be reached.",
        "Look whether it runs where relay.smtp_to or relay.lmtp_to says.");

    public static readonly Reason RecipientsLimit = new(
        "recipients:limit", "The message has as many recipients as one may have.", "Raise smtp.max_recipients.");
    public static readonly Reason RecipientsGuessed = new(
        "recipients:guessed", "The session has asked for too many addresses that are nobody's.");
    public static readonly Reason RecipientUnknown = new(
        "recipient:unknown", "Nobody here has that address.", "Add it to [mailboxes], or to aliases of one.");
    public static readonly Reason RelayDenied = new(
        "relay:denied", "The address is of no domain of this server.", "Add the domain to domains, or the client to guard.servers.");
    public static readonly Reason NullOneRecipient = new("null:one-recipient", "A report goes to one recipient: a message has one sender.");
    public static readonly Reason BlockedSource = new(
        "blocked:source", "Somebody has blocked reports from this network on the page Actions.", "End it there.");
    public static readonly Reason StormStrict = new(
        "storm:strict", "Somebody has set strict mode for the address: only proved reports are taken.", "End it on the page Actions.");
    public static readonly Reason StormDeferred = new(
        "storm:deferred", "The address is in a storm of bounces: this one is judged when it comes again.");

    public static readonly Reason Loop = new(
        "loop", "The message has passed too many hosts: it goes in a circle.",
        "Look at its Received fields for the two servers that send it to each other.");
    public static readonly Reason SpoolFailed = new(
        "spool:failed", "The spool could not be written.", "See the log for the error of the disk.");
    public static readonly Reason Other = new("other", "The recipient is none of ours: the server behind us decides.");
    public static readonly Reason UnjudgedCpu = new(
        "unjudged:cpu", "The message used up its CPU budget (smtp.cpu_per_message) and is delivered unjudged.");
    public static readonly Reason SpamScore = new(
        "spam:score", "A spam filter says that it is spam.", "`backstop scan FILE` lists the rules.");
    public static readonly Reason VirusFound = new("virus:found", "The virus scanner found something.");
    public static readonly Reason StormBomb = new(
        "storm:bomb", "It looks like the mail of an e-mail bomb, and the address is in one.",
        "Give it back on its page; its sender is known from then on.");

    private static readonly Dictionary<string, Reason> _listed = new(StringComparer.OrdinalIgnoreCase);
    private static readonly Dictionary<int, Reason> _content = new();
    private static readonly Lock _gate = new();

    /// <summary>All of them but those that name a list or a code of the reply.</summary>
    public static IReadOnlyList<(string Stage, IReadOnlyList<Reason> Reasons)> ByStage { get; } =
    [
        ("connect", [ConnectionsLimit, ConnectionsClient, LaneConnections, Harvest, ProxyInvalid]),
        ("session", [LineTooLong, LineBareEnd, StartTlsPipelined, ErrorsLimit, MessagesLimit]),
        ("mail", [SizeAnnounced, SpoolFull, LaneFull, LadderReports, RelayUnreachable]),
        ("rcpt", [
            RecipientsLimit, RecipientsGuessed, RecipientUnknown, RelayDenied, NullOneRecipient, BlockedSource, StormStrict,
            StormDeferred, Listed("ZONE")]),
        ("data", [Content(552), Loop, SpoolFailed, Other, UnjudgedCpu, SpamScore, VirusFound, StormBomb]),
    ];

    private static readonly Dictionary<string, Reason> _byWord =
        Reasons.All.Concat(ByStage.SelectMany(s => s.Reasons)).DistinctBy(r => r.Word).ToDictionary(r => r.Word, StringComparer.Ordinal);

    /// <summary>The reason of a word that was written down, in a log or a header field; null where it is none of today's.</summary>
    /// <param name="word">The word.</param>
    public static Reason? Find(string word) =>
        _byWord.TryGetValue(word, out var reason) ? reason
        : word.StartsWith(ListPrefix, StringComparison.Ordinal) ? Listed("ZONE")
        : word.StartsWith(ContentPrefix, StringComparison.Ordinal) ? Content(552)
        : null;

    /// <summary>The client is on a DNS list.</summary>
    /// <param name="zone">The list's domain, as in <c>dnsbl.zones</c>.</param>
    public static Reason Listed(string zone)
    {
        lock (_gate)
        {
            return _listed.TryGetValue(zone, out var reason)
                ? reason
                : _listed[zone] = new(
                ListPrefix + zone, "The client is on that list of hosts that send backscatter or callouts.",
                "Ask the list's operator, or take the zone out of dnsbl.zones.");
        }
    }

    /// <summary>The message itself is not taken: too large, bare line ends, no room.</summary>
    /// <param name="code">The reply's code.</param>
    public static Reason Content(int code)
    {
        lock (_gate)
        {
            return _content.TryGetValue(code, out var reason)
                ? reason
                : _content[code] = new(
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ContentPrefix}{code}"),
                "The message was not taken for what it is or for want of room; the number is the reply's code.");
        }
    }
}
