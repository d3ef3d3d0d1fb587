namespace Backstop.Setup;

/// <summary>A service of master.cf.</summary>
/// <param name="Name">As written: <c>smtp</c>, <c>587</c>, <c>127.0.0.1:10025</c>.</param>
/// <param name="Type">inet, unix, pass and others.</param>
/// <param name="Command">The program.</param>
internal sealed record PostfixService(string Name, string Type, string Command)
{
    private const string Mynetworks = "permit_mynetworks";
    private static readonly string[] _submissionPorts = ["submission", "submissions", "smtps", "587", "465"];

    private static readonly string[] _restrictions = [
        "smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions", "smtpd_relay_restrictions",
        "smtpd_recipient_restrictions"];

    /// <summary>What <c>-o</c> sets, with every <c>$name</c> replaced.</summary>
    public Dictionary<string, string> Options { get; } = new(StringComparer.Ordinal);

    /// <summary>The name that postconf knows it by.</summary>
    public string Key => $"{Name}/{Type}";

    /// <summary>Whether it talks SMTP with clients.</summary>
    public bool IsSmtpd => Command == "smtpd";

    /// <summary>
    /// Whether only users may send here: by its port, or because it refuses everybody else but those who log in. Where only own
    /// networks may send, a filter hands mail of strangers back.
    /// </summary>
    public bool IsForUsers =>
        IsSmtpd && Type == "inet" && (_submissionPorts.Contains(Port, StringComparer.Ordinal)
            || (!IsForStrangers && !ClearsFilter
                && _restrictions.Any(r => Options.TryGetValue(r, out var list) && RefusesStrangers(list))));

    /// <summary>Whether it is the port at which other servers deliver.</summary>
    public bool IsForStrangers => IsSmtpd && (Type == "pass" || Port is "smtp" or "25");

    /// <summary>Whether a filter on this host hands mail back here that Postfix has seen before.</summary>
    public bool TakesBackFromFilter =>
        IsSmtpd && !IsForUsers && !IsForStrangers && ClearsFilter;

    /// <summary>Whether its mail is kept from all milters.</summary>
    public bool KeepsFromMilters =>
        Options.GetValueOrDefault("receive_override_options", "").Contains("no_milters", StringComparison.Ordinal);

    private bool ClearsFilter => Options.TryGetValue("content_filter", out var filter) && filter.Length == 0;

    private string Port => Name[(Name.LastIndexOf(':') + 1)..];

    /// <summary>Reads what <c>postconf -M</c> prints: one service a line, further lines begin with a blank.</summary>
    public static IReadOnlyList<PostfixService> Parse(string output) =>
        [.. output.Split('\n').Where(l => l.Length > 0 && !char.IsWhiteSpace(l[0]))
            .Select(l => l.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length >= 8)
            .Select(w => new PostfixService(w[0], w[1], w[7]))];

    /// <summary>Adds what <c>postconf -P</c> prints: <c>service/type/setting = value</c>.</summary>
    public static void AddOptions(IReadOnlyList<PostfixService> services, string output)
    {
        foreach (var line in output.Split('\n'))
        {
            var equals = line.IndexOf(" =", StringComparison.Ordinal);
            var slash = equals < 0 ? -1 : line.LastIndexOf('/', equals);
            if (slash > 0 && services.FirstOrDefault(s => s.Key == line[..slash]) is { } service)
            {
                service.Options[line[(slash + 1)..equals]] = line[(equals + 2)..].Trim();
            }
        }
    }

    private static bool RefusesStrangers(string list) =>
        PostfixList.Split(list) is [.., "reject"] words
        && words.Any(w => w.StartsWith("permit_", StringComparison.Ordinal) && w != Mynetworks)
        && words.SkipLast(1).All(w =>
            w is "permit_sasl_authenticated" or Mynetworks or "permit_tls_clientcerts" or "permit_tls_all_clientcerts"
            || w.StartsWith("reject_", StringComparison.Ordinal));
}
