using Backstop.Deliver;

namespace Backstop.Tests.Deliver;

/// <summary>Rcfiles that are read for one message after another, on a real file system.</summary>
public sealed class RcFileReaderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static int Me => PlanSettings.OwnUser;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_is_the_same_is_not_read_again()
    {
        File.WriteAllText(_folder["rc"], "A=b\n");
        Assert.Equal(RcFileReader.Problem.None, RcFileReader.TryReadAgain(_folder["rc"], Me, known: null, out var first));
        Assert.Equal("A=b\n", first!.Text);
        Assert.Equal(RcFileReader.Problem.None, RcFileReader.TryReadAgain(_folder["rc"], Me, first, out var second));
        Assert.Same(first, second);
    }

    [Fact]
    public void A_file_that_is_another_is_read_again()
    {
        File.WriteAllText(_folder["rc"], "A=b\n");
        RcFileReader.TryReadAgain(_folder["rc"], Me, known: null, out var first);
        File.WriteAllText(_folder["rc"], "A=bcd\n");
        RcFileReader.TryReadAgain(_folder["rc"], Me, first, out var second);
        Assert.Equal("A=bcd\n", second!.Text);

        File.Delete(_folder["rc"]);
        Assert.Equal(RcFileReader.Problem.Unreadable, RcFileReader.TryReadAgain(_folder["rc"], Me, second, out var third));
        Assert.Null(third);
    }

    [Fact]
    public void What_was_trusted_for_one_user_is_looked_at_again_for_another()
    {
        File.WriteAllText(_folder["rc"], "A=b\n");
        RcFileReader.TryReadAgain(_folder["rc"], Me, known: null, out var mine);
        var problem = RcFileReader.TryReadAgain(_folder["rc"], Me + 1, mine, out var others);
        Assert.NotSame(mine, others);

        // root's files are trusted for everybody.
        Assert.Equal(Me == 0 ? RcFileReader.Problem.None : RcFileReader.Problem.Suspicious, problem);
    }

    [Fact]
    public void A_file_that_others_may_write_by_now_is_not_trusted_any_more()
    {
        File.WriteAllText(_folder["rc"], "A=b\n");
        RcFileReader.TryReadAgain(_folder["rc"], Me, known: null, out var first);

        // The kernel's clock ticks every few milliseconds: within the same tick the file is taken for the same.
        Assert.True(SpinWait.SpinUntil(() =>
        {
            File.SetUnixFileMode(_folder["rc"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
            return RcFileReader.TryReadAgain(_folder["rc"], Me, first, out var second) == RcFileReader.Problem.Suspicious && second is null;
        }, TimeSpan.FromSeconds(30)));
    }

    /// <summary>Opening a FIFO waits until somebody writes to it; a delivery did, for ever.</summary>
    [Fact(Timeout = 60_000)]
    public async Task A_fifo_is_not_read()
    {
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", ["-m", "600", _folder["rc"]]))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var problem = await Task.Run(
            () => RcFileReader.TryRead(_folder["rc"], Me, isDefault: true, out _), TestContext.Current.CancellationToken);
        Assert.Equal(RcFileReader.Problem.Unreadable, problem);
    }
}
