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

    public static async Task<DovecotLmtp> StartAsync()
    {
        Needs.Root();
        var program = Needs.Program("dovecot", "dovecot-imapd");
        var lmtp = Needs.Peer("usr/lib/dovecot/lmtp", "dovecot-lmtpd");
        var dovecot = new DovecotLmtp();
        File.SetUnixFileMode(dovecot._folder.Path, (UnixFileMode)0x1ED);
        await Tool.RunAsync("/bin/chown", ["mail:mail", dovecot._folder.Path], Until.Bound);
        await File.WriteAllTextAsync(
            dovecot._folder["passwd"],
            string.Concat(new[] { "victim", "legit", "user" }.Select(u => $"{u}@bench.test:{{plain}}x:::::\n")), Ct);
        await File.WriteAllTextAsync(dovecot._folder["dovecot.conf"], dovecot.Config(lmtp), Ct);
        dovecot._process = Tool.Start(program, "-F", "-c", dovecot._folder["dovecot.conf"]);
        await Until.ListensAsync(dovecot.Port, dovecot._process);
        return dovecot;
    }

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

    private string Config(string lmtp) => string.Create(CultureInfo.InvariantCulture, $$"""
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
          executable = {{lmtp}}
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
}
