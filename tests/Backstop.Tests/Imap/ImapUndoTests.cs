using Backstop.Clean;
using Backstop.Clean.Imap;
using Backstop.Clean.Running;
using Backstop.Configuration.Options;
using Backstop.Mailboxes.Runs;

namespace Backstop.Tests.Imap;

/// <summary>An undo over IMAP that was stopped anywhere and is begun again: every message is back once, and is counted.</summary>
public sealed class ImapUndoTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Connection_lost_after_an_append_doubles_nothing(int times) =>
        await TakeBackTwiceAsync(new("", true), ("APPEND", times));

    [Theory]
    [InlineData(true, "UID MOVE")]
    [InlineData(false, "UID COPY")]
    [InlineData(false, "UID STORE")]
    [InlineData(false, "UID EXPUNGE")]
    public async Task Connection_lost_after_messages_were_moved_back_doubles_nothing_and_counts_them(bool hasMove, string command) =>
        await TakeBackTwiceAsync(new("Backscatter", false), (command, 1), hasMove);

    [Fact]
    public async Task Message_that_another_program_deleted_before_the_undo_is_missing()
    {
        await using var imap = new FakeImap();
        await CleanAsync(imap, new("Backscatter", false));
        imap.Forget("Backscatter");
        Assert.Equal((2, 1), Figures(await UndoAsync()));
        Assert.Equal(2, imap.Count("INBOX"));
    }

    private async Task TakeBackTwiceAsync(CleanTarget target, (string Command, int Times) end, bool hasMove = true)
    {
        await using var imap = new FakeImap { HasMove = hasMove };
        var before = imap.Mails("INBOX");
        await CleanAsync(imap, target);
        Assert.Equal(0, imap.Count("INBOX"));
        imap.HangsUpAfter = (end.Command, imap.Times(end.Command) + end.Times);
        await Assert.ThrowsAsync<ImapFault>(() => UndoAsync());
        Assert.Equal((3, 0), Figures(await UndoAsync()));
        Assert.Equal(before, imap.Mails("INBOX"));
        Assert.Equal(0, imap.Count("Backscatter"));
    }

    private static (int Restored, int Missing) Figures(UndoResult result) => (result.Restored, result.Missing);

    private async Task CleanAsync(FakeImap imap, CleanTarget target)
    {
        var options = new CleanOptions { IsApply = true, IsWithoutSent = true, Target = target };
        var access = LyingImapTests.Access(null);
        var engine = new CleanEngine(new BackstopOptions(), hasConfig: false, journal: null, access, TimeProvider.System);
        var address = ImapAddress.Parse($"imap://me@127.0.0.1:{imap.Port}");
        await using var source = await ImapSource.OpenAsync(address, access, options, TimeProvider.System, Ct);
        await new Cleaner(options, engine, Store(), TimeProvider.System).RunAsync(source, null, new(), Ct);
    }

    private async Task<UndoResult> UndoAsync()
    {
        using var run = Store().Open(Assert.Single(Store().List()).Id)!;
        return await ImapUndo.RunAsync(run, LyingImapTests.Access(null), new Meter(), TimeProvider.System, Ct);
    }

    private RunStore Store() => new(_folder["runs"], TimeProvider.System);
}
