using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>
/// The whole configuration. Only <c>domains</c> and <c>mailboxes</c> are required, and not even these if only clients
/// of spamd are served.
/// </summary>
internal sealed class BackstopOptions
{
    /// <summary>
    /// The name of this host in the greeting, in Received fields and in file names. Default: the machine's name.
    /// </summary>
    public string Hostname { get; set; } = Environment.MachineName;

    /// <summary>The domains whose mail is received. Mail for any other domain is refused: nothing is relayed.</summary>
    public IReadOnlyList<string> Domains { get; set; } = [];

    /// <summary>
    /// The folder for spool, journal, keys and the mailboxes that are configured without a path. Default
    /// <c>backstop-data</c>.
    /// </summary>
    public string Data { get; set; } = "backstop-data";

    /// <summary>The mailbox that gets the mail to postmaster@ and abuse@ of every domain. Default: the first mailbox.</summary>
    public string Postmaster { get; set; } = "";

    /// <summary>The addresses to listen on.</summary>
    public ListenOptions Listen { get; set; } = new();

    /// <summary>Limits and time limits of SMTP and LMTP.</summary>
    public SmtpOptions Smtp { get; set; } = new();

    /// <summary>The certificate for STARTTLS.</summary>
    public TlsOptions Tls { get; set; } = new();

    /// <summary>The mailboxes, by address.</summary>
    public Dictionary<string, MailboxOptions> Mailboxes { get; set; } = [];

    /// <summary>
    /// Addresses whose mail goes to one or several mailboxes: an address, or <c>@example.org</c> for every address of the domain that
    /// nothing else has, and a list of addresses, which may be aliases themselves. <c>"@old.example" = "@example.org"</c> keeps what is
    /// before the @. An address of a mailbox may stand here too: the alias comes first, and the mailbox keeps a copy if it is in its
    /// list. Default: none.
    /// </summary>
    public Dictionary<string, IReadOnlyList<string>> Aliases { get; set; } = [];

    /// <summary>What the mailboxes of a domain have in common, by domain.</summary>
    public Dictionary<string, DomainOptions> Domain { get; set; } = [];

    /// <summary>Tables outside this file that say which addresses exist.</summary>
    public RecipientOptions Recipients { get; set; } = new();

    /// <summary>Envelope tags.</summary>
    public BatvOptions Batv { get; set; } = new();

    /// <summary>Sender rewriting.</summary>
    public SrsOptions Srs { get; set; } = new();

    /// <summary>Our DKIM keys by their DNS names: <c>selector._domainkey.domain</c>.</summary>
    public Dictionary<string, DkimKeyOptions> Dkim { get; set; } = [];

    /// <summary>DNS lists, asked for mail of the null sender.</summary>
    public DnsblSettings Dnsbl { get; set; } = new();

    /// <summary>What happens to bounces without proof.</summary>
    public BackscatterOptions Backscatter { get; set; } = new();

    /// <summary>When a flood is a storm, and what is done during one.</summary>
    public StormOptions Storm { get; set; } = new();

    /// <summary>How much of connections and spool each class of mail may use.</summary>
    public LaneOptions Lanes { get; set; } = new();

    /// <summary>How many recipients strangers may write to.</summary>
    public RateOptions Rates { get; set; } = new();

    /// <summary>Whether the first mail of strangers is deferred.</summary>
    public GreylistOptions Greylist { get; set; } = new();

    /// <summary>The dashboard.</summary>
    public WebOptions Web { get; set; } = new();

    /// <summary>The policy by which senders insist on TLS.</summary>
    public MtaStsOptions MtaSts { get; set; } = new();

    /// <summary>Explaining messages over HTTP.</summary>
    public ClassifyOptions Classify { get; set; } = new();

    /// <summary>Logs beside standard error.</summary>
    public LogOptions Log { get; set; } = new();

    /// <summary>The collector for metrics and traces.</summary>
    public TelemetryOptions Telemetry { get; set; } = new();

    /// <summary>Who is alerted of storms.</summary>
    public AlertOptions Alert { get; set; } = new();

    /// <summary>The spam filter.</summary>
    public SpamOptions Spam { get; set; } = new();

    /// <summary>The recipes of mailboxes.</summary>
    public RecipeSettings Recipes { get; set; } = new();

    /// <summary>How Backstop works beside another mail server.</summary>
    public GuardOptions Guard { get; set; } = new();

    /// <summary>The server that mail is handed on to.</summary>
    public RelayOptions Relay { get; set; } = new();

    /// <summary>Mail that users send through the other server.</summary>
    public OutboundOptions Outbound { get; set; } = new();

    /// <summary>The journal of sent mail.</summary>
    public JournalOptions Journal { get; set; } = new();

    /// <summary>The spool on disk.</summary>
    public SpoolSettings Spool { get; set; } = new();

    /// <summary>Whether Backstop only serves other programs: then no mailbox is needed.</summary>
    internal bool IsHelper => Listen.ServesSpamd || Listen.GuardsServer || (Classify.IsOn && Listen.Web.Count > 0);

    /// <summary>Gives each mailbox what its domain sets for all of them. To be called before the check.</summary>
    internal void Complete()
    {
        foreach (var (text, mailbox) in Mailboxes)
        {
            if (MailAddress.TryParse(text) is { } address && DomainOf(address) is { } domain)
            {
                domain.Complete(mailbox, address);
            }
        }
    }

    /// <summary>Returns what is set for the domain of an address; null for nothing.</summary>
    internal DomainOptions? DomainOf(MailAddress address) =>
        Domain.FirstOrDefault(d => MailAddress.DomainKey(d.Key) == MailAddress.DomainKey(address.Domain)).Value;

    /// <summary>Returns all aliases: those that are listed, and what takes the rest of a domain.</summary>
    internal IEnumerable<(string Key, string Name, IReadOnlyList<string> Targets)> AllAliases() =>
        Aliases.Select(a => ($"aliases.{a.Key}", a.Key, a.Value)).Concat(
            Domain.Where(d => d.Value.CatchAll.Count > 0).Select(d => ($"domain.{d.Key}.catch_all", "@" + d.Key, d.Value.CatchAll)));

    /// <summary>Checks the sections, and what several keys decide together.</summary>
    internal void Check(IConfigProblems problems)
    {
        CheckHost(problems);
        CheckDomains(problems);
        Listen.Check(problems, this);
        Spam.Check(problems);
        Backscatter.Check(problems);
        Storm.Check(problems);
        Guard.Check(problems);
        Smtp.Check(problems);
        Web.Check(problems);
        MtaSts.Check(problems, this);
        Classify.Check(problems, Listen);
        Alert.Check(problems);
        Telemetry.Check(problems);
        Log.Check(problems);
        Relay.Check(problems, Listen);
        Outbound.Check(problems, Listen);
        Tls.Check(problems);
        Batv.Check(problems, Outbound);
        Srs.Check(problems);
        foreach (var (name, key) in Dkim)
        {
            key.Check(problems, name);
        }

        CheckAddresses(problems);
        AliasChecks.Check(this, problems);
        Recipients.Check(problems, Domains);
        foreach (var (name, domain) in Domain)
        {
            domain.Check(problems, name, this);
        }

        CheckPaths(problems);
    }

    private void CheckHost(IConfigProblems problems)
    {
        if (Hostname.Length is 0 or > 255 || !Hostname.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'))
        {
            problems.Add("hostname", $"\"{Hostname}\" is not the name of a host; write one such as \"mx.example.org\"");
        }

        if (File.Exists(Data))
        {
            problems.Add("data", $"{Data} is a file; write the path of a folder");
        }
    }

    private void CheckPaths(IConfigProblems problems)
    {
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (address, mailbox) in Mailboxes.Where(m => m.Value.Path.Length > 0))
        {
            var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(mailbox.Path));
            if (taken.TryAdd(path, address))
            {
                continue;
            }

            // Recipes are found by the mailbox's path, and only one rcfile can decide there.
            var haveRecipes = mailbox.Recipes.Length > 0 && Mailboxes[taken[path]].Recipes.Length > 0;
            Action<string, string> add = haveRecipes ? problems.Add : problems.Warn;
            add(
                $"mailboxes.{address}.path",
                $"{path} is also the path of {taken[path]}; make {address} one of its aliases, or write another");
        }
    }

    private void CheckDomains(IConfigProblems problems)
    {
        var needsMailboxes = Listen.ReceivesMail || !IsHelper;
        if (Domains.Count == 0 && (needsMailboxes || Listen.GuardsServer))
        {
            problems.Add("domains", "no domain is set; name at least one, such as domains = [\"example.org\"]");
        }

        if (Mailboxes.Count == 0 && needsMailboxes)
        {
            problems.Add("mailboxes", "no mailbox is set; name at least one, such as [mailboxes.\"me@example.org\"]");
        }

        foreach (var domain in Domains.Where(d => !MailAddress.IsDomain(d)))
        {
            problems.Add("domains", $"\"{domain}\" is not a domain; write one such as \"example.org\"");
        }

        if (Postmaster.Length > 0 && !Mailboxes.ContainsKey(Postmaster))
        {
            problems.Add("postmaster", $"\"{Postmaster}\" is not one of the mailboxes; write the address of one");
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
                problems.Add(path, $"\"{shown}\" is not an address; write one such as \"me@example.org\"");
            }
            else if (!domains.Contains(MailAddress.DomainKey(address.Domain)))
            {
                problems.Add(path, $"\"{shown}\" is not in one of the domains; add its domain to domains");
            }
            else if (!taken.TryAdd(shown.StartsWith('@') ? shown.ToLowerInvariant() : address.Key, path))
            {
                var owner = taken[shown.StartsWith('@') ? shown.ToLowerInvariant() : address.Key];
                problems.Add(path, $"\"{shown}\" already belongs to {owner}; remove one of them");
            }
        }
    }
}
