using Backstop.Backscatter;

namespace Backstop.Judging;

/// <summary>The reasons of the server, besides those of the judge (<see cref="Reasons"/>), in the order of a session.</summary>
internal static class ServerReasons
{
    private const string ListPrefix = "dnsbl:";
    private const string ContentPrefix = "content:";

    public static readonly Reason ConnectionsLimit = new(
        "connections:limit", "As many connections are open as are allowed.",
        "Raise smtp.max_connections, and the limit of open files too.");
    public static readonly Reason ConnectionsClient = new(
        "connections:client", "The client has as many connections open as one client may.", "Raise smtp.max_connections_per_client.");
    public static readonly Reason LaneConnections = new(
        "lane:connections", "Clients of this class have used up their share of connections.");
    public static readonly Reason Harvest = new(
        "recipients:harvest", "The client, or its network, has asked for too many recipients that do not exist.");
    public static readonly Reason ProxyInvalid = new(
        "proxy:invalid", "The load balancer's PROXY header is invalid.",
        "Configure the load balancer (listen.proxy_from) to send version 1 or 2.");

    public static readonly Reason LineTooLong = new("line:too-long", "A line is longer than SMTP allows (RFC 5321 section 4.5.3.1).");
    public static readonly Reason LineBareEnd = new(
        "line:bare-end", "A line ends in a bare CR or LF, which can smuggle mail past other servers.");
    public static readonly Reason StartTlsPipelined = new(
        "starttls:pipelined", "Commands followed STARTTLS before the TLS handshake: an attacker may have inserted them.");
    public static readonly Reason ProtocolForeign = new(
        "protocol:foreign", "The client speaks another protocol: HTTP, SSH, TLS from the start, header fields in place of commands.",
        "If it is a mail client of yours, have it use STARTTLS, not TLS from the start.");
    public static readonly Reason ErrorsLimit = new(
        "errors:limit", "The session has made too many errors.", "Raise smtp.max_errors if the client is legitimate.");
    public static readonly Reason MessagesLimit = new(
        "messages:limit", "The session has sent as many messages as one session may.",
        "The client can connect again; or raise smtp.max_messages_per_connection.");

    public static readonly Reason SizeAnnounced = new(
        "size:announced", "The announced size is over the limit.", "Raise smtp.max_message.");
    public static readonly Reason SpoolFull = new(
        "spool:full", "The disk of the spool is nearly full.", "Free disk space; spool.min_free sets how much must stay free.");
    public static readonly Reason LaneFull = new("lane:full", "Too many reports arrive at once; real mail goes first.");
    public static readonly Reason LadderReports = new(
        "ladder:reports", "The server is overloaded and defers reports.", "`backstop status` shows which stage is slow.");
    public static readonly Reason RelayUnreachable = new(
        "relay:unreachable", "The server that mail is handed on to cannot be reached.",
        "Check that it listens at the address in relay.smtp_to or relay.lmtp_to.");

    public static readonly Reason RecipientsLimit = new(
        "recipients:limit", "The message has as many recipients as one message may.", "Raise smtp.max_recipients.");
    public static readonly Reason RecipientsGuessed = new(
        "recipients:guessed", "The session has asked for too many recipients that do not exist.");
    public static readonly Reason RecipientUnknown = new(
        "recipient:unknown", "No mailbox has this address.", "Add it to [mailboxes], or to the aliases of a mailbox.");
    public static readonly Reason RecipientTable = new(
        "recipient:table", "A table of recipients.tables did not answer, so that it is not known whether the address exists: the mail "
            + "comes later.", "`backstop status` names the table and what is wrong with it.");
    public static readonly Reason RecipientAlias = new(
        "recipient:alias", "A table leads from the address to no mailbox, in a circle, or to too many: the mail comes later.",
        "See the log for the entry, and mend it.");
    public static readonly Reason RelayDenied = new(
        "relay:denied", "The address is not in a domain of this server.", "Add the domain to domains, or the client to guard.servers.");
    public static readonly Reason NullOneRecipient = new(
        "null:one-recipient", "A report with several recipients is refused: the message it returns had one sender.");
    public static readonly Reason BlockedSource = new(
        "blocked:source", "Somebody blocked reports from this network on the dashboard's page Actions.", "End the block there.");
    public static readonly Reason StormStrict = new(
        "storm:strict", "Somebody set strict mode for this address: only reports with proof are accepted.", "End it on the page Actions.");
    public static readonly Reason StormDeferred = new(
        "storm:deferred", "The address is in a storm of bounces: this one is deferred, and judged at its next try.");
    public static readonly Reason RateNetwork = new(
        "rate:network", "The client's network has written to as many recipients as rates.per_network allows: the mail comes later.",
        "Raise rates.per_network, or add the client to guard.servers if it is a server of yours.");
    public static readonly Reason RateSenderDomain = new(
        "rate:sender-domain",
        "The sender's domain has written to as many recipients as rates.per_sender_domain allows: the mail comes later.",
        "Raise rates.per_sender_domain.");
    public static readonly Reason GreylistWait = new(
        "greylist:wait", "The first mail of this sender's domain from this network: it waits for its next try (greylist).",
        "Nothing: it comes in some minutes. Set greylist.enabled = false if nobody is to wait.");

    public static readonly Reason Loop = new(
        "loop", "The message has passed too many hosts: it is in a loop.",
        "Look in its Received fields for the servers that send it to each other.");
    public static readonly Reason SpoolFailed = new(
        "spool:failed", "The spool could not be written.", "See the log for the disk's error.");
    public static readonly Reason Other = new("other", "The recipient is not in our domains: the next server decides.");
    public static readonly Reason UnjudgedCpu = new(
        "unjudged:cpu", "The message used up its CPU budget (smtp.cpu_per_message) and is delivered without the remaining checks.");
    public static readonly Reason SpamScore = new(
        "spam:score", "A spam filter classified it as spam.", "`backstop scan FILE` lists the rules that hit.");
    public static readonly Reason VirusFound = new("virus:found", "The virus scanner found a virus.");
    public static readonly Reason StormBomb = new(
        "storm:bomb", "It looks like part of the e-mail bomb that the address is in.",
        "If it is wanted, give it back on its page; its sender is then known.");

    public static readonly Reason QueueHeld = new(
        "queue:held", "Somebody has put the message on hold.", "Release it with `backstop queue release ID`.");
    public static readonly Reason QueueNoMailbox = new(
        "queue:no-mailbox", "The mailbox that the message was accepted for is not in the configuration any more.",
        "Add the address to [mailboxes] again, or send the message elsewhere with `backstop queue redirect ID ADDRESS`.");
    public static readonly Reason QueueFolderFailed = new(
        "queue:folder-failed", "The folder cannot be written; it is tried again with growing pauses.",
        "Fix what the error names, then `backstop queue deliver ID`, or wait for the next try.");
    public static readonly Reason QueueQuota = new(
        "queue:quota", "The mailbox, or its user on the disk, is over its quota; it is tried again with growing pauses.",
        "Delete mail there or raise the quota, then `backstop queue deliver ID`, or wait for the next try.");
    public static readonly Reason QueueRecipesFailed = new(
        "queue:recipes-failed", "The recipes of the mailbox cannot be carried out; they are tried again with growing pauses.",
        "Fix what the error names, then `backstop queue deliver ID`, or wait for the next try.");
    public static readonly Reason QueueStopped = new(
        "queue:stopped", "No server runs, so nothing is delivered.", "Start it, or deliver this message with `backstop queue deliver ID`.");
    public static readonly Reason QueueScan = new(
        "queue:scan", "The spam filters could not keep up; the message is scanned when they do, within a minute.");
    public static readonly Reason QueueRecipes = new("queue:recipes", "The message waits for the recipes of its mailbox.");
    public static readonly Reason QueueFolder = new("queue:folder", "The message waits for its turn at its folder.");
    public static readonly Reason QueueDelivering = new("queue:delivering", "The message is being delivered now.");

    private static readonly Dictionary<string, Reason> _listed = new(StringComparer.OrdinalIgnoreCase);
    private static readonly Dictionary<int, Reason> _content = new();
    private static readonly Lock _gate = new();

    /// <summary>All reasons; one stands for all lists, and one for all reply codes.</summary>
    public static IReadOnlyList<(string Stage, IReadOnlyList<Reason> Reasons)> ByStage { get; } =
    [
        ("connect", [ConnectionsLimit, ConnectionsClient, LaneConnections, Harvest, ProxyInvalid]),
        ("session", [LineTooLong, LineBareEnd, StartTlsPipelined, ProtocolForeign, ErrorsLimit, MessagesLimit]),
        ("mail", [SizeAnnounced, SpoolFull, LaneFull, LadderReports, RelayUnreachable]),
        ("rcpt", [
            RecipientsLimit, RecipientsGuessed, RecipientUnknown, RecipientTable, RecipientAlias, RelayDenied, NullOneRecipient,
            BlockedSource, StormStrict, StormDeferred, RateNetwork, RateSenderDomain, GreylistWait, Listed("ZONE")]),
        ("data", [Content(552), Loop, SpoolFailed, Other, UnjudgedCpu, SpamScore, VirusFound, StormBomb]),
        ("queue", [
            QueueHeld, QueueNoMailbox, QueueFolderFailed, QueueQuota, QueueRecipesFailed, QueueStopped, QueueScan, QueueRecipes,
            QueueFolder, QueueDelivering]),
    ];

    private static readonly Dictionary<string, Reason> _byWord =
        Reasons.All.Concat(ByStage.SelectMany(s => s.Reasons)).DistinctBy(r => r.Word).ToDictionary(r => r.Word, StringComparer.Ordinal);

    /// <summary>Returns the reason of a word read from a log or header field; null if the word is unknown.</summary>
    /// <param name="word">Such as <c>recipient:unknown</c>.</param>
    public static Reason? Find(string word) =>
        _byWord.TryGetValue(word, out var reason) ? reason
        : word.StartsWith(ListPrefix, StringComparison.Ordinal) ? Listed("ZONE")
        : word.StartsWith(ContentPrefix, StringComparison.Ordinal) ? Content(552)
        : null;

    /// <summary>The reason that the client is on a DNS list.</summary>
    /// <param name="zone">The list's domain, as in <c>dnsbl.zones</c>.</param>
    public static Reason Listed(string zone)
    {
        lock (_gate)
        {
            return _listed.TryGetValue(zone, out var reason)
                ? reason
                : _listed[zone] = new(
                ListPrefix + zone, "The client is on this DNS list of hosts that send backscatter or callouts.",
                "Ask the list's operator to remove it, or remove the zone from dnsbl.zones.");
        }
    }

    /// <summary>The reason that the content was not accepted: too large, bare line ends or no disk space.</summary>
    /// <param name="code">The reply's code.</param>
    public static Reason Content(int code)
    {
        lock (_gate)
        {
            return _content.TryGetValue(code, out var reason)
                ? reason
                : _content[code] = new(
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ContentPrefix}{code}"),
                "The content was not accepted: its size, its line ends or the free disk space; the number is the reply's code.");
        }
    }
}
