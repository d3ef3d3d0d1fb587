using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Imap;
using MailKit.Security;

namespace Backstop.Interop;

/// <summary>
/// A Dovecot of the test's own: no system user, no system file, ports of its own, a certificate of its own. Every user has the same
/// Maildir.
/// </summary>
internal sealed class Dovecot : IDisposable
{
    public const string Password = "secret";

    private readonly Tool _process;

    private Dovecot(Tool process, int port, int tlsPort, string certificate)
    {
        _process = process;
        Port = port;
        TlsPort = tlsPort;
        Certificate = certificate;
    }

    public int Port { get; }

    public int TlsPort { get; }

    /// <summary>The PEM file that a client must trust.</summary>
    public string Certificate { get; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // Dovecot serves no mail as root. Where the tests run as root, the mail is given to the user that Debian has for it.
    private static string MailUser => Environment.UserName == "root" ? "mail" : Environment.UserName;

    /// <summary>Gives a folder to the user that the server reads mail as.</summary>
    public static async Task OwnAsync(string path)
    {
        if (Environment.UserName == "root")
        {
            await Tool.RunAsync("/bin/chown", ["-R", "mail:mail", path], Until.Bound);
        }
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="folder">Where its files lie.</param>
    /// <param name="maildir">What it serves.</param>
    /// <param name="tokenInfoUrl">Who knows OAuth tokens; null for nobody.</param>
    public static async Task<Dovecot> StartAsync(TempFolder folder, string maildir, string? tokenInfoUrl = null)
    {
        var program = Needs.Program("dovecot", "dovecot-imapd");
        var (port, tlsPort) = (Server.FreePort(), Server.FreePort());
        MakeCertificate(folder);
        var process = Tool.Start(program, "-F", "-c", await ConfigAsync(folder, port, tlsPort, maildir, tokenInfoUrl));
        var dovecot = new Dovecot(process, port, tlsPort, folder["tls.crt"]);
        await Until.ListensAsync(port, process);
        using var client = await dovecot.ConnectAsync("anybody");
        return dovecot;
    }

    public void Dispose() => _process.Dispose();

    public async Task<ImapClient> ConnectAsync(string user)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var client = new ImapClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", Port, SecureSocketOptions.None, Ct);
                await client.AuthenticateAsync(user, Password, Ct);
                return client;
            }
            catch (Exception error) when (
                error is System.Net.Sockets.SocketException or ImapProtocolException
                && TimeProvider.System.GetElapsedTime(began) < Until.Bound)
            {
                client.Dispose();
                await Task.Delay(100, Ct);
            }
        }
    }

    private static void MakeCertificate(TempFolder folder)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(
            TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        File.WriteAllText(folder["tls.crt"], certificate.ExportCertificatePem());
        File.WriteAllText(folder["tls.key"], key.ExportPkcs8PrivateKeyPem());
    }

    // Its own instance: no system user, no system file. Runs as root where the tests do, which Dovecot allows when told so.
    private static async Task<string> ConfigAsync(TempFolder folder, int port, int tlsPort, string maildir, string? tokenInfoUrl)
    {
        var user = Environment.UserName;
        var path = folder["dovecot.conf"];
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0x1ED);

        // As root it wants the users of its Debian package for what needs no rights; as anybody else it can only be itself.
        var users = user == "root"
            ? "default_login_user = dovenull"
            : $"default_internal_user = {user}\ndefault_internal_group = {user}\ndefault_login_user = {user}";
        await File.WriteAllTextAsync(folder["oauth2.conf"], $"tokeninfo_url = {tokenInfoUrl}\nusername_attribute = user\n", Ct);
        var oauth = tokenInfoUrl is null
            ? ""
            : $"auth_mechanisms = plain oauthbearer xoauth2\npassdb {{\n  driver = oauth2\n  mechanisms = oauthbearer xoauth2\n  args "
                + $"= {folder["oauth2.conf"]}\n}}";
        await File.WriteAllTextAsync(
            path,
            string.Create(CultureInfo.InvariantCulture, $$"""
            base_dir = {{folder["run"]}}
            state_dir = {{folder["state"]}}
            log_path = {{folder["dovecot.log"]}}
            protocols = imap
            ssl = yes
            ssl_cert = <{{folder["tls.crt"]}}
            ssl_key = <{{folder["tls.key"]}}
            disable_plaintext_auth = no
            listen = 127.0.0.1
            first_valid_uid = 0
            first_valid_gid = 0
            {{users}}
            mail_location = maildir:{{maildir}}
            service imap-login {
              chroot =
              inet_listener imap {
                port = {{port}}
              }
              inet_listener imaps {
                port = {{tlsPort}}
                ssl = yes
              }
            }
            service anvil {
              chroot =
            }
            namespace inbox {
              inbox = yes
              separator = /
              mailbox Outgoing {
                special_use = \Sent
              }
            }
            {{oauth}}
            passdb {
              driver = static
              args = password={{Password}}
            }
            userdb {
              driver = static
              args = uid={{MailUser}} gid={{MailUser}} home={{folder.Path}}
            }
            """),
            Ct);
        return path;
    }
}
