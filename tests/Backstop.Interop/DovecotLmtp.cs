using System.Globalization;

namespace Backstop.Interop;

/// <summary>
/// Dovecot's LMTP server with a folder and ports of its own: knows victim, legit and user of bench.test, each with a Maildir.
/// </summary>
internal sealed class DovecotLmtp : IDisposable
{
    private readonly TempFolder _folder = new();
    private Tool? _process;

    public int Port { get; } = Server.FreePort();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts the server and waits until it listens.</summary>
    /// <param name="release">The Debian release whose Dovecot it is: 2.3 in 12, 2.4 in 13.</param>
    /// <param name="sieve">Further lines, which name a Sieve script; with them it has its Sieve plugin.</param>
    public static async Task<DovecotLmtp> StartAsync(int release = 12, Func<DovecotLmtp, string>? sieve = null)
    {
        Needs.Root();
        var debian = new Debian(release);
        debian.Needs("/usr/sbin/dovecot", "dovecot-imapd");
        var dovecot = new DovecotLmtp();
        File.SetUnixFileMode(dovecot._folder.Path, (UnixFileMode)0x1ED);
        await Tool.RunAsync("/bin/chown", ["mail:mail", dovecot._folder.Path], Until.Bound);
        await File.WriteAllTextAsync(
            dovecot._folder["passwd"],
            string.Concat(new[] { "victim", "legit", "user" }.Select(u => $"{u}@bench.test:{{plain}}x:::::\n")), Ct);
        var config = release == 12 ? dovecot.Config23() : dovecot.Config24();
        await File.WriteAllTextAsync(dovecot._folder["dovecot.conf"], config + sieve?.Invoke(dovecot), Ct);
        dovecot._process = debian.Start("/usr/sbin/dovecot", "-F", "-c", dovecot._folder["dovecot.conf"]);
        await Until.ListensAsync(dovecot.Port, dovecot._process);
        return dovecot;
    }

    /// <summary>A file in its folder.</summary>
    public string this[string name] => _folder[name];

    public string Maildir(string user) => _folder[$"mail/{user}@bench.test/Maildir"];

    public void Stop()
    {
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Stop();
        _folder.Dispose();
    }

    private string Config23() => string.Create(CultureInfo.InvariantCulture, $$"""
        base_dir = {{_folder["run"]}}
        state_dir = {{_folder["state"]}}
        log_path = {{_folder["dovecot.log"]}}
        protocols = lmtp
        ssl = no
        listen = 127.0.0.1
        first_valid_uid = 0
        first_valid_gid = 0
        hostname = box.bench.test
        recipient_delimiter = +
        default_login_user = dovenull
        mail_location = maildir:{{_folder["mail"]}}/%u/Maildir
        service lmtp {
          executable = {{Needs.Peer("usr/lib/dovecot/lmtp", "dovecot-lmtpd")}}
          inet_listener lmtp {
            address = 127.0.0.1
            port = {{Port}}
          }
        }
        service anvil {
          chroot =
        }
        passdb {
          driver = passwd-file
          args = {{_folder["passwd"]}}
        }
        userdb {
          driver = passwd-file
          args = {{_folder["passwd"]}}
          override_fields = uid=mail gid=mail home={{_folder["mail"]}}/%u
        }

        """);

    private string Config24() => string.Create(CultureInfo.InvariantCulture, $$"""
        dovecot_config_version = 2.4.0
        dovecot_storage_version = 2.4.0
        base_dir = {{_folder["run"]}}
        state_dir = {{_folder["state"]}}
        log_path = {{_folder["dovecot.log"]}}
        protocols = lmtp
        ssl = no
        listen = 127.0.0.1
        first_valid_uid = 0
        first_valid_gid = 0
        hostname = box.bench.test
        recipient_delimiter = +
        mail_driver = maildir
        mail_path = {{_folder["mail"]}}/%{user}/Maildir
        service lmtp {
          inet_listener lmtp {
            listen = 127.0.0.1
            port = {{Port}}
          }
        }
        service anvil {
          chroot =
        }
        passdb passwd-file {
          passwd_file_path = {{_folder["passwd"]}}
        }
        userdb passwd-file {
          passwd_file_path = {{_folder["passwd"]}}
          fields {
            uid = mail
            gid = mail
            home = {{_folder["mail"]}}/%{user}
          }
        }

        """);
}
