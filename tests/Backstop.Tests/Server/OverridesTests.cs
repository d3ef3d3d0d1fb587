using Backstop.Judging.Storms;
using Backstop.Posix;
using Backstop.State;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What a person has set by hand is never written over unread.</summary>
public sealed class OverridesTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
    private readonly TempFolder _folder = new();
    private readonly StoreHealth _health;

    public OverridesTests() => _health = new("overrides", Path, _time);

    private string Path => _folder["overrides.json"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_that_may_not_be_read_is_set_aside_before_the_next_change()
    {
        var before = Write();
        Close(whoseFolder: OtherUser.Nobody);
        OtherUser.Run(() =>
        {
            var hands = new Overrides(Path, _time, _health);
            Assert.Equal(StoreFault.ReadOnly, _health.State.Fault);
            hands.SetStrict(Of("new@example.org"));
            Assert.True(hands.IsStrict("new@example.org"));
        });
        var aside = Assert.Single(Directory.GetFiles(_folder.Path, "*.damaged-*"));
        Assert.Equal(aside, _health.State.SetAside);
        Assert.Equal(before, File.ReadAllText(aside));
        Assert.Equal("new@example.org", Assert.Single(new Overrides(Path, _time).Current.Strict).Subject);
    }

    [Fact]
    public void File_that_can_be_read_by_the_next_change_counts_again()
    {
        Write();
        Close(whoseFolder: OtherUser.Nobody);
        Overrides? hands = null;
        OtherUser.Run(() => hands = new(Path, _time, _health));
        hands!.SetBlocked(Of("192.0.2.0/24"));
        Assert.True(hands.IsStrict("old@example.org"));
        Assert.True(new Overrides(Path, _time).IsStrict("old@example.org"));
        Assert.Null(_health.State.Fault);
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.damaged-*"));
    }

    [Fact]
    public void File_that_cannot_be_read_nor_set_aside_stays()
    {
        _health.SetAside("damaged a minute ago");
        File.WriteAllText(Path, "nonsense");
        var hands = new Overrides(Path, _time, _health);
        Assert.Throws<IOException>(() => hands.SetStrict(Of("new@example.org")));
        Assert.False(hands.IsStrict("new@example.org"));
        Assert.Equal("nonsense", File.ReadAllText(Path));
    }

    private Override Of(string subject) => new(subject, _time.GetUtcNow().AddHours(1), "ann");

    private string Write()
    {
        new Overrides(Path, _time).SetStrict(Of("old@example.org"));
        return File.ReadAllText(Path);
    }

    private void Close(uint whoseFolder)
    {
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (Environment.IsPrivilegedProcess)
        {
            FileOwner.Give(_folder.Path, whoseFolder, whoseFolder);
        }
    }
}
