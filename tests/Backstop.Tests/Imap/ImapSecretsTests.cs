using System.Diagnostics;
using Backstop.Clean;
using Backstop.Clean.Imap;

namespace Backstop.Tests.Imap;

/// <summary>The user's own command for the password, and addresses that have one in them.</summary>
public sealed class ImapSecretsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ImapSecrets _secrets = new(null, TimeProvider.System);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("printf 'secret\\nnot this\\n'")]
    [InlineData("printf 'secret\\r\\n'")]
    [InlineData("printf secret")]
    [InlineData("echo secret; head -c 1000000 /dev/zero")]
    public async Task First_line_is_the_password_however_much_follows(string command) =>
        Assert.Equal("secret", await _secrets.FromCommandAsync(command, Ct));

    [Theory]
    [InlineData("exit 3", "exit code 3 and printed nothing")]
    [InlineData("echo; echo secret", "printed nothing on its first line")]
    [InlineData("cat /dev/zero", "longer than 64 KiB")]
    public async Task Command_that_prints_no_password_is_a_failure(string command, string why)
    {
        var error = await Assert.ThrowsAsync<CleanException>(() => _secrets.FromCommandAsync(command, Ct));
        Assert.Equal(CleanFailure.Unavailable, error.Failure);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    /// <summary>What holds the pipe is the command: once it is killed, the pipe ends.</summary>
    [Fact]
    public async Task Command_ends_with_whoever_asked_for_the_password()
    {
        var pipe = _folder["pipe"];
        using (var mkfifo = Process.Start("mkfifo", [pipe]))
        {
            await mkfifo.WaitForExitAsync(Ct);
        }

        using var stop = new CancellationTokenSource();
        var asking = _secrets.FromCommandAsync($"exec 3>'{pipe}'; echo begun >&3; sleep 30; echo 'not killed' >&3", stop.Token);
        using var said = new StreamReader(new FileStream(pipe, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0));
        Assert.Equal("begun", await said.ReadLineAsync(Ct));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal("", await said.ReadToEndAsync(Ct));
    }

    [Theory]
    [InlineData("imap")]
    [InlineData("imaps")]
    public void Password_on_the_command_line_is_refused_in_the_scheme_that_was_written(string scheme)
    {
        var error = Assert.Throws<CleanException>(() => ImapAddress.Parse($"{scheme}://me:secret@mail.example.org/INBOX"));
        Assert.StartsWith($"{scheme}://...: a password", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }
}
