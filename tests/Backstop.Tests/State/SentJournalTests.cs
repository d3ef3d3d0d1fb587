using Backstop.Mail;
using Backstop.State;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.State;

public sealed class SentJournalTests : IDisposable
{
    private static readonly MailAddress _me = new("Me", "example.org");
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_sent_is_known_in_any_case()
    {
        using var journal = Open();
        journal.Add([Sent("One.Two@Example.ORG", "You@Example.com")]);
        Assert.True(journal.HasMessageId("one.two@example.org"));
        Assert.True(journal.HasMessageId("<ONE.TWO@example.org>"));
        Assert.True(journal.HasRecipient("you@example.com", ["me@example.org"]));
        Assert.False(journal.HasRecipient("you@example.com", ["other@example.org"]));
        Assert.False(journal.HasMessageId("three@example.org"));
    }

    [Fact]
    public void Recipient_is_proof_for_a_while_and_message_id_for_ever()
    {
        using var journal = Open();
        journal.Add([Sent("a@example.org", "you@example.com")]);
        _time.Advance(TimeSpan.FromDays(15));
        Assert.False(journal.HasRecipient("you@example.com", ["me@example.org"]));
        Assert.True(journal.HasMessageId("a@example.org"));
    }

    [Fact]
    public void Answers_are_counted_for_a_window()
    {
        using var journal = Open();
        var today = _time.GetUtcNow().ToUnixTimeSeconds() / 86400;
        journal.Add([Sent("a@example.org", "you@example.com")]);
        journal.AddReplies(
            [new("me@example.org", today, 3, 2), new("me@example.org", today - 31, 50, 0), new("other@example.org", today, 9, 9)]);
        journal.AddReplies([new("me@example.org", today, 1, 1)]);
        Assert.Equal((4L, 3L), (journal.Coverage("me@example.org")!.Replies, journal.Coverage("me@example.org")!.RepliesToKnown));
        Assert.Equal(4L, Assert.Single(journal.Senders()).Replies);
        _time.Advance(TimeSpan.FromDays(40));
        Assert.Equal(0L, journal.Coverage("me@example.org")!.Replies);
    }

    [Fact]
    public void Import_marks_are_kept_by_source()
    {
        using var journal = Open();
        Assert.Null(journal.ImportMark("a"));
        journal.SetImportMark("a", "1");
        journal.SetImportMark("a", "2");
        Assert.Equal("2", journal.ImportMark("a"));
        Assert.Null(journal.ImportMark("b"));
    }

    [Fact]
    public void Importing_twice_counts_once()
    {
        using var journal = Open();
        Assert.Equal(2, journal.Add([Sent("a@example.org", "x@example.com"), Sent("b@example.org", "y@example.com")]));
        Assert.Equal(0, journal.Add([Sent("a@example.org", "x@example.com")]));
        Assert.Equal(2, journal.Coverage("me@example.org")?.Messages);
    }

    [Fact]
    public void Message_without_an_id_counts_once_by_its_digest_and_each_time_without_one()
    {
        using var journal = Open();
        Assert.Equal(1, journal.Add([Unnamed("0a")]));
        Assert.Equal(0, journal.Add([Unnamed("0a")]));
        Assert.Equal(1, journal.Add([Unnamed("0b")]));
        Assert.Equal(2, journal.Add([Unnamed(null), Unnamed(null)]));
        Assert.Equal(4, journal.Coverage("me@example.org")?.Messages);
    }

    /// <summary>Whoever got such a message could name its digest as a Message-ID, and prove any bounce.</summary>
    [Theory]
    [InlineData("Digest 0a")]
    [InlineData("<Digest 0a>")]
    [InlineData("0a")]
    public void Digest_is_no_message_id(string id)
    {
        using var journal = Open();
        journal.Add([Unnamed("0a")]);
        Assert.False(journal.HasMessageId(id));
    }

    [Fact]
    public void Two_processes_may_use_it_at_once()
    {
        using var server = Open();
        Assert.False(server.HasMessageId("a@example.org"));
        using var commandLine = Open();
        commandLine.Add([Sent("a@example.org", "x@example.com")]);
        Assert.True(server.HasMessageId("a@example.org"));
    }

    [Fact]
    public void Old_messages_are_deleted_but_coverage_is_kept()
    {
        using var journal = Open();
        journal.Add([Sent("a@example.org", "x@example.com")]);
        _time.Advance(TimeSpan.FromDays(91));
        Assert.Equal(2, journal.Forget(TimeSpan.FromDays(90)));
        Assert.False(journal.HasMessageId("a@example.org"));
        Assert.Equal(1, journal.Coverage("me@example.org")?.Messages);
    }

    [Fact]
    public void It_is_still_there_after_a_restart()
    {
        using (var journal = Open())
        {
            journal.Add([Sent("a@example.org", "x@example.com")]);
        }

        using var again = Open();
        Assert.True(again.HasMessageId("a@example.org"));
        Assert.Equal(1, again.CountMessages());
        Assert.Equal("me@example.org", Assert.Single(again.Senders()).Address);
    }

    private SentMessage Unnamed(string? digest) => new(_me, null, [], _time.GetUtcNow(), Digest: digest);

    private SentMessage Sent(string id, string to) => new(_me, id, [MailAddress.TryParse(to)!], _time.GetUtcNow());

    private SentJournal Open() => new(_folder["journal.db"], _time, TimeSpan.FromDays(14));
}
