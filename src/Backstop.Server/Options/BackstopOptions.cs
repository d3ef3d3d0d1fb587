namespace Backstop.Server.Options;

/// <summary>The whole configuration. Every key may be left out but <c>domains</c> and <c>mailboxes</c>, and these too where only clients of spamd are served.</summary>
public sealed class BackstopOptions
{
    /// <summary>The name of this host in greeting, Received fields and file names. Default: the machine's name.</summary>
    public string Hostname { get; set; } = Environment.MachineName;

    /// <summary>The domains whose mail is for us. Mail for any other is refused: nothing is relayed.</summary>
    public IReadOnlyList<string> Domains { get; set; } = [];

    /// <summary>The folder for spool, journal, keys and the mailboxes that name no path. Default <c>backstop-data</c>.</summary>
    public string Data { get; set; } = "backstop-data";

    /// <summary>Who reads mail to postmaster@ and abuse@ of every domain. Default: the first mailbox.</summary>
    public string Postmaster { get; set; } = "";

    /// <summary>Where to listen.</summary>
    public ListenOptions Listen { get; set; } = new();

    /// <summary>Limits and time limits of SMTP and LMTP.</summary>
    public SmtpOptions Smtp { get; set; } = new();

    /// <summary>The certificate for STARTTLS.</summary>
    public TlsOptions Tls { get; set; } = new();

    /// <summary>The mailboxes, by address.</summary>
    public Dictionary<string, MailboxOptions> Mailboxes { get; set; } = [];

    /// <summary>Envelope tags.</summary>
    public BatvOptions Batv { get; set; } = new();

    /// <summary>Sender rewriting.</summary>
    public SrsOptions Srs { get; set; } = new();

    /// <summary>Our DKIM keys, by their names in DNS: <c>selector._domainkey.domain</c>.</summary>
    public Dictionary<string, DkimKeyOptions> Dkim { get; set; } = [];

    /// <summary>DNS lists for null senders.</summary>
    public DnsblSettings Dnsbl { get; set; } = new();

    /// <summary>What happens to bounces without proof.</summary>
    public BackscatterOptions Backscatter { get; set; } = new();

    /// <summary>Floods, and what is done in one.</summary>
    public StormOptions Storm { get; set; } = new();

    /// <summary>What is kept for whom as connections and the spool run full.</summary>
    public LaneOptions Lanes { get; set; } = new();

    /// <summary>The dashboard.</summary>
    public WebOptions Web { get; set; } = new();

    /// <summary>Explaining messages over HTTP.</summary>
    public ClassifyOptions Classify { get; set; } = new();

    /// <summary>Where figures are sent.</summary>
    public TelemetryOptions Telemetry { get; set; } = new();

    /// <summary>Who is told of storms.</summary>
    public AlertOptions Alert { get; set; } = new();

    /// <summary>The spam filter.</summary>
    public SpamOptions Spam { get; set; } = new();

    /// <summary>The recipes of mailboxes.</summary>
    public RecipeSettings Recipes { get; set; } = new();

    /// <summary>How we stand beside a server that is already there.</summary>
    public GuardOptions Guard { get; set; } = new();

    /// <summary>The server that mail is handed on to.</summary>
    public RelayOptions Relay { get; set; } = new();

    /// <summary>Mail that leaves through that server.</summary>
    public OutboundOptions Outbound { get; set; } = new();

    /// <summary>What was sent.</summary>
    public JournalOptions Journal { get; set; } = new();

    /// <summary>The spool on disk.</summary>
    public SpoolSettings Spool { get; set; } = new();
}
