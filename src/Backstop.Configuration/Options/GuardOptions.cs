using System.ComponentModel.DataAnnotations;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>What happens to a message beside another server when we cannot judge it.</summary>
internal enum FailurePolicy
{
    /// <summary>It passes, unmarked.</summary>
    Accept,

    /// <summary>It is refused for now, and comes again.</summary>
    TempFail,
}

/// <summary>How a message that belongs into another folder is marked for the server behind us.</summary>
internal enum FiledAs
{
    /// <summary>By the field X-Backstop; the delivery's filter (Sieve, recipes) reads it.</summary>
    Header,

    /// <summary>By the field, and the server holds it for an administrator (milter only).</summary>
    Quarantine,
}

/// <summary>How we stand beside a server that is already there: as milter, policy service or table.</summary>
internal sealed class GuardOptions
{
    /// <summary>
    /// What happens when a message cannot be judged: <c>accept</c> or <c>temp_fail</c>. What the server does when we do not answer
    /// at all is its own setting. Default accept.
    /// </summary>
    public FailurePolicy OnFailure { get; set; } = FailurePolicy.Accept;

    /// <summary>How mail for another folder is marked: <c>header</c> or <c>quarantine</c>. Default header.</summary>
    public FiledAs FiledAs { get; set; } = FiledAs.Header;

    /// <summary>
    /// Open connections of servers; more are closed at once. Postfix opens one for each of its smtpd processes. Default 4096.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 4096;

    /// <summary>
    /// How long a server may say nothing. Longer than its own clients may: a connection that we close makes it defer mail. Default
    /// 15m.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Addresses and networks that the servers connect from. Default: this host.</summary>
    public IReadOnlyList<System.Net.IPNetwork> Servers { get; set; } = [
        System.Net.IPNetwork.Parse("127.0.0.0/8"), System.Net.IPNetwork.Parse("::1/128")];

    /// <summary>
    /// Users of this host, by name or number, that may have mail signed and journalled and say who their client is (milter, policy
    /// service, table, proxies), beside root and the server's own. Others are answered without. Default: over TCP every service (a
    /// number under 1000), on Unix sockets the socket's owner and group.
    /// </summary>
    public IReadOnlyList<string> Users { get; set; } = [];

    /// <summary>Whether an address is one of theirs.</summary>
    internal bool IsServer(System.Net.IPAddress address) => Servers.Any(n => n.Contains(address));

    internal void Check(IConfigProblems problems)
    {
        foreach (var user in Users.Where(u => UserAccount.NumberOf(u) is null))
        {
            problems.Add("guard.users", $"no user \"{user}\" on this host");
        }
    }
}
