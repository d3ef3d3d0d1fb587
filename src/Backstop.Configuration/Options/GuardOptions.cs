using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>What happens to the other server's message when we cannot judge it.</summary>
internal enum FailurePolicy
{
    /// <summary>It is accepted without a mark.</summary>
    Accept,

    /// <summary>It is refused for now (4xx), and the client tries again.</summary>
    TempFail,
}

/// <summary>How a message for another folder is marked for the server behind us.</summary>
internal enum FiledAs
{
    /// <summary>By the field X-Backstop, which the delivery's filter (Sieve, recipes) reads.</summary>
    Header,

    /// <summary>By the field, and the server keeps it in its quarantine (milter only).</summary>
    Quarantine,
}

/// <summary>How Backstop works beside another mail server: as milter, policy service or table.</summary>
internal sealed class GuardOptions
{
    /// <summary>
    /// What happens when a message cannot be judged: <c>accept</c> or <c>temp-fail</c>. What the server does when we do
    /// not answer at all is its own setting. Default accept.
    /// </summary>
    public FailurePolicy OnFailure { get; set; } = FailurePolicy.Accept;

    /// <summary>How mail for another folder is marked: <c>header</c> or <c>quarantine</c>. Default header.</summary>
    public FiledAs FiledAs { get; set; } = FiledAs.Header;

    /// <summary>
    /// The most open connections of servers; further ones are closed at once. Postfix opens one for each smtpd process.
    /// Default 4096.
    /// </summary>
    [Bounds(1, 100_000)]
    public int MaxConnections { get; set; } = 4096;

    /// <summary>
    /// How long a server may be silent. It must be longer than the server's own limit for its clients: a server whose
    /// connection we close defers mail. Default 15m.
    /// </summary>
    [Bounds("10s", "1d")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a server may take to send one request or packet, from its first octet. Default 5m.</summary>
    [Bounds("1s", "1h")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Addresses and networks that servers may connect from. Default: this host.</summary>
    public IReadOnlyList<System.Net.IPNetwork> Servers { get; set; } = [
        System.Net.IPNetwork.Parse("127.0.0.0/8"), System.Net.IPNetwork.Parse("::1/128")];

    /// <summary>
    /// Users of this host, by name or number, whose programs may have mail signed and journalled and may state the real
    /// client (milter, policy service, table, proxies), besides root and the server's own user. Other programs are
    /// answered, but not trusted with that. Default: over TCP every service (a number under 1000), on Unix sockets the
    /// socket's owner and group.
    /// </summary>
    public IReadOnlyList<string> Users { get; set; } = [];

    /// <summary>Whether an address is one of <see cref="Servers"/>.</summary>
    internal bool IsServer(System.Net.IPAddress address) => Servers.Any(n => n.Contains(address));

    internal void Check(IConfigProblems problems)
    {
        foreach (var user in Users.Where(u => UserAccount.NumberOf(u) is null))
        {
            problems.Add("guard.users", $"no user \"{user}\" on this host; write the name or number of an existing one");
        }
    }
}
