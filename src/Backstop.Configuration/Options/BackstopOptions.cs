using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>
/// The whole configuration. Every key may be left out but <c>domains</c> and <c>mailboxes</c>, and these too where only clients of
/// spamd are served.
/// </summary>
internal sealed class BackstopOptions
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

    /// <summary>Whether something else than a mailbox is served: then none need be named.</summary>
    internal bool IsHelper => Listen.ServesSpamd || Listen.GuardsServer || (Classify.IsOn && Listen.Web.Count > 0);

    /// <summary>Says what no single value shows.</summary>
    internal void Check(IConfigProblems problems)
    {
        CheckDomains(problems);
        Listen.Check(problems, this);
        Spam.Check(problems);
        Backscatter.Check(problems);
        Storm.Check(problems);
        Guard.Check(problems);
        Web.Check(problems);
        Classify.Check(problems, Listen);
        Alert.Check(problems);
        Telemetry.Check(problems);
        Relay.Check(problems, Listen);
        Outbound.Check(problems);
        Tls.Check(problems);
        Batv.Check(problems);
        Srs.Check(problems);
        foreach (var (name, key) in Dkim)
        {
            key.Check(problems, name);
        }

        CheckAddresses(problems);
    }

    private void CheckDomains(IConfigProblems problems)
    {
        var needsMailboxes = Listen.ReceivesMail || !IsHelper;
        if (Domains.Count == 0 && (needsMailboxes || Listen.GuardsServer))
        {
            problems.Add("domains", "name at least one domain, such as domains = [\"example.org\"]");
        }

        if (Mailboxes.Count == 0 && needsMailboxes)
        {
            problems.Add("mailboxes", "name at least one, such as [mailboxes.\"me@example.org\"]");
        }

        foreach (var domain in Domains.Where(d => !MailAddress.IsDomain(d)))
        {
            problems.Add("domains", $"\"{domain}\" is not a domain");
        }

        if (Postmaster.Length > 0 && !Mailboxes.ContainsKey(Postmaster))
        {
            problems.Add("postmaster", $"\"{Postmaster}\" is not one of the mailboxes");
        }
    }

    private void CheckAddresses(IConfigProblems problems)
    {
        var domains = Domains.Select(MailAddress.DomainKey).ToHashSet(StringComparer.Ordinal);
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (address, mailbox) in Mailboxes)
        {
            var path = $"mailboxes.{address}";
            CheckAddress(address, path);
            mailbox.Check(problems, path);
            foreach (var alias in mailbox.Aliases)
            {
                CheckAddress(alias.StartsWith('@') ? "any" + alias : alias, path + ".aliases", alias);
            }
        }

        void CheckAddress(string text, string path, string? shown = null)
        {
            shown ??= text;
            if (MailAddress.TryParse(text) is not { } address)
            {
                problems.Add(path, $"\"{shown}\" is not an address");
            }
            else if (!domains.Contains(MailAddress.DomainKey(address.Domain)))
            {
                problems.Add(path, $"\"{shown}\" is in none of the domains");
            }
            else if (!taken.TryAdd(shown.StartsWith('@') ? shown.ToLowerInvariant() : address.Key, path))
            {
                problems.Add(path, $"\"{shown}\" is taken by {taken[shown.StartsWith('@') ? shown.ToLowerInvariant() : address.Key]}");
            }
        }
    }
}
