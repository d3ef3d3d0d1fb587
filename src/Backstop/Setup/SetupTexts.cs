using System.Globalization;
using System.Net;

namespace Backstop.Setup;

/// <summary>
/// Texts to paste: Backstop's configuration, and the lines for servers whose files differ too much to be changed
/// automatically.
/// </summary>
internal static class SetupTexts
{
    /// <summary>Returns Backstop's configuration as a milter.</summary>
    /// <param name="domains">The domains of the mail server.</param>
    /// <param name="hasDetail">Whether the mail server delivers <c>user+detail</c> to <c>user</c>.</param>
    /// <param name="daemons">Names of listeners where users send, besides ORIGINATING.</param>
    /// <param name="networks">Networks that send without logging in: named in a comment, because a second MX may be among them.</param>
    public static string Milter(
        IReadOnlyList<string> domains, bool hasDetail, IReadOnlyList<string> daemons, IReadOnlyList<IPNetwork> networks)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            domains = {List(domains)}
            data = "/var/lib/backstop"
            listen.milter = "127.0.0.1:{SetupPorts.Milter}"
            listen.table = "127.0.0.1:{SetupPorts.Table}"
            listen.web = "127.0.0.1:8025"
            batv.form = "{(hasDetail ? "detail" : "prefix")}"

            """);
        text += daemons.Count == 0 ? "" : $"outbound.daemons = {List(["ORIGINATING", .. daemons])}\n";
        return networks.Count == 0 ? text : text + $"""
            # These send without logging in. Without the # their mail is signed, and not judged: leave out a second MX or a filter
            # that hands on mail of strangers.
            # outbound.networks = {List([.. networks.Select(n => n.ToString())])}

            """;
    }

    /// <summary>Backstop's configuration beside Exim.</summary>
    /// <param name="domains">The domains of the mail server.</param>
    public static string EximConfig(IReadOnlyList<string> domains) => string.Create(CultureInfo.InvariantCulture, $"""
        domains = {List(domains)}
        data = "/var/lib/backstop"
        listen.policy = "127.0.0.1:{SetupPorts.Policy}"
        listen.spamd = "127.0.0.1:783"
        listen.web = "127.0.0.1:8025"

        """);

    /// <summary>
    /// The lines for Exim: the policy service at RCPT, SpamAssassin's protocol at DATA, and tags: put on by the transport for own
    /// senders of own mail only, taken off by a router.
    /// </summary>
    /// <param name="domains">The domains of the mail server.</param>
    public static string Exim(IReadOnlyList<string> domains) => """
        # main section; the secret is the same as in batv.keys (there in hex), and Debian-exim must be able to read it
        BACKSTOP_SECRET = ${readfile{/etc/backstop/exim.secret}{}}
        domainlist backstop_domains = @DOMAINS@
        # only where Exim has content scanning (Debian: exim4-daemon-heavy)
        spamd_address = 127.0.0.1 783

        # acl_check_rcpt, before anything accepts; when Backstop does not answer, mail goes on
          warn
            set acl_m_backstop = ${readsocket{inet:127.0.0.1:@POLICY@}{request=smtpd_access_policy\n\
              protocol_state=RCPT\nclient_address=$sender_host_address\n\
              helo_name=$sender_helo_name\nsender=$sender_address\n\
              recipient=$local_part@$domain\nsasl_username=$authenticated_id\n\n}{5s}{ }{action=DUNNO}}
          deny
            condition = ${if match{$acl_m_backstop}{^action=5}}
            message   = ${sg{$acl_m_backstop}{^action=\\d+ ([^\n]*)[\\s\\S]*}{\$1}}
          defer
            condition = ${if match{$acl_m_backstop}{^action=4}}
            message   = ${sg{$acl_m_backstop}{^action=\\d+ ([^\n]*)[\\s\\S]*}{\$1}}

        # acl_check_data, with content scanning
          warn
            spam       = nobody:true
            add_header = X-Spam-Score: $spam_score

        # routers, before all others: a signed address is delivered as the address that it was made from
        backstop_untag:
          driver = redirect
          domains = +backstop_domains
          condition = ${if match{$local_part}{\N^(?i)prvs=\d{4}[0-9a-f]{6}=.\N}}
          data = ${sg{$local_part}{\N^(?i)prvs=\d{4}[0-9a-f]{6}=\N}{}}@$domain

        # transport remote_smtp: signs mail of users and of this host from own senders; bounces and what is forwarded stay as they
        # are. With Debian's own configuration: REMOTE_SMTP_RETURN_PATH = ... in the main section
          return_path = ${if and{{def:return_path}\
            {match_domain{${domain:$return_path}}{+backstop_domains}}\
            {!match{$return_path}{\N^(?i)prvs=\N}}\
            {or{{def:authenticated_id}{!def:sender_host_address}}}}\
            {${prvs{$return_path}{BACKSTOP_SECRET}{1}}}fail}

        """.Replace("@POLICY@", SetupPorts.Policy.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@DOMAINS@", string.Join(" : ", domains), StringComparison.Ordinal);

    /// <summary>Backstop's configuration in front of Dovecot.</summary>
    /// <param name="domains">The domains of the mail server.</param>
    public static string DovecotConfig(IReadOnlyList<string> domains) => string.Create(CultureInfo.InvariantCulture, $"""
        domains = {List(domains)}
        data = "/var/lib/backstop"
        listen.lmtp_proxy = "127.0.0.1:{SetupPorts.LmtpProxy}"
        listen.web = "127.0.0.1:8025"
        relay.lmtp_to = "/run/dovecot/lmtp"

        """);

    /// <summary>
    /// The lines that make the mail server hand mail to Backstop instead of Dovecot, and file marked mail.
    /// </summary>
    public static string Dovecot => string.Create(CultureInfo.InvariantCulture, $$"""
        # Postfix, main.cf: mail passes Backstop on its way to Dovecot
        virtual_transport = lmtp:inet:127.0.0.1:{{SetupPorts.LmtpProxy}}

        # Files what Backstop marks, for all users. Dovecot 2.4 (Debian 13), 90-sieve.conf:
        sieve_script backstop {
          type = before
          path = /etc/dovecot/backstop.sieve
        }

        # Dovecot 2.3 (Debian 12), 90-sieve.conf; 2.4 does not start with it:
        plugin {
          sieve_before = /etc/dovecot/backstop.sieve
        }

        # In both, LMTP must have the plugin "sieve" among its mail_plugins (20-lmtp.conf).
        # /etc/dovecot/backstop.sieve (then: sievec /etc/dovecot/backstop.sieve)
        require ["fileinto", "mailbox"];
        if header :matches "X-Backstop" "file; *" {
          fileinto :create "Backscatter";
          stop;
        }

        """);

    private static string List(IReadOnlyList<string> words) => $"[{string.Join(", ", words.Select(w => $"\"{w}\""))}]";
}
