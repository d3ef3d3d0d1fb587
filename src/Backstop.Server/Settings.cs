using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.MailAuth.Dnsbl;
using Backstop.Server.Net;

namespace Backstop.Server;

/// <summary>What is made from one configuration and has nothing to close.</summary>
/// <param name="Options">The configuration.</param>
/// <param name="Recipients">The mailboxes.</param>
/// <param name="Proving">The proofs of origin, with their keys.</param>
/// <param name="Dnsbl">The DNS lists.</param>
/// <param name="Names">The DNS names of clients.</param>
internal sealed record Settings(BackstopOptions Options, Recipients Recipients, Proving Proving, DnsblChecker Dnsbl, ClientNames Names);
