using System.Globalization;

namespace Backstop.Setup;

/// <summary>
/// Texts to paste: Backstop's configuration, and the lines for servers whose files differ too much to be changed
/// automatically.
/// </summary>
internal static class SetupTexts
{
    /// <summary>Returns Backstop's configuration as a milter.</summary>
    public static string Milter(IReadOnlyList<string> domains, bool hasDetail) => string.Create(CultureInfo.InvariantCulture, $"""
        domains = [{string.Join(", ", domains.Select(d => $"\"{d}\""))}]
        data = "/var/lib/backstop"
        listen.milter = "127.0.0.1:{SetupPorts.Milter}"
        listen.table = "127.0.0.1:{SetupPorts.Table}"
        listen.web = "127.0.0.1:8025"
        batv.form = "{(hasDetail ? "detail" : "prefix")}"

        """);

    /// <summary>Backstop's configuration beside Exim.</summary>
    public static string EximConfig => string.Create(CultureInfo.InvariantCulture, $"""
        domains = ["example.org"]
        data = "/var/lib/backstop"
        listen.policy = "127.0.0.1:{SetupPorts.Policy}"
        listen.spamd = "127.0.0.1:783"
        listen.web = "127.0.0.1:8025"

        """);

    // Exim wants the whole expansion, and so the request, on one line.
    private static string EximQuestion => string.Concat(
        @"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=$sender_host_address\nhelo_name=$sender_helo_name\n",
        @"sender=$sender_address\nrecipient=$local_part@$domain\nsasl_username=$authenticated_id\n\n");

    /// <summary>The lines for Exim: the policy service at RCPT, SpamAssassin's protocol at DATA.</summary>
    public static string Exim => """
        # main section
        spamd_address = 127.0.0.1 783

        # acl_check_rcpt, before anything accepts; when Backstop does not answer, mail goes on
          warn
            set acl_m_backstop = ${readsocket{inet:127.0.0.1:@POLICY@}{@QUESTION@}{5s}{ }{action=DUNNO}}
          deny
            condition = ${if match{$acl_m_backstop}{^action=5}}
            message   = ${sg{$acl_m_backstop}{^action=\\d+ ([^\n]*)[\\s\\S]*}{\$1}}
          defer
            condition = ${if match{$acl_m_backstop}{^action=4}}
            message   = ${sg{$acl_m_backstop}{^action=\\d+ ([^\n]*)[\\s\\S]*}{\$1}}

        # acl_check_data
          warn
            spam       = nobody:true
            add_header = X-Spam-Score: $spam_score

        # transport remote_smtp: signs outgoing mail with Exim's own prvs, which Backstop accepts. SECRET has at least
        # 16 characters, NUMBER is a digit; /var/lib/backstop/batv.keys has the line: NUMBER, a space, and SECRET in hex
        # (printf %s SECRET | xxd -p)
          return_path = ${prvs{$return_path}{SECRET}{NUMBER}}

        """.Replace("@POLICY@", SetupPorts.Policy.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("@QUESTION@", EximQuestion, StringComparison.Ordinal);

    /// <summary>Backstop's configuration in front of Dovecot.</summary>
    public static string DovecotConfig => string.Create(CultureInfo.InvariantCulture, $"""
        domains = ["example.org"]
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
}
