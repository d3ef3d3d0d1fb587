using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>
/// Mail that somebody wants reaches the inbox: the judge with an empty journal, as on the first day, files none of it and refuses
/// none.
/// </summary>
public sealed class WantedMailTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 27, 8, 0, 0, TimeSpan.Zero);

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Wanted_mail_is_never_filed_or_refused(int seed) => AssertAllDelivered(seed);

    /// <summary>Mail that nobody has looked at yet. The message names the seed: give it to the theory above until it is mended.</summary>
    [Fact]
    public void Wanted_mail_of_any_seed_is_never_filed_or_refused() =>
        AssertAllDelivered(RandomNumberGenerator.GetInt32(1_000, int.MaxValue));

    [Fact]
    public void Wanted_mail_is_of_many_languages_and_habits()
    {
        var mails = WantedMails.From(1);
        Assert.InRange(mails.Select(m => m.Content).Distinct(StringComparer.Ordinal).Count(), 400, int.MaxValue);
        Assert.InRange(mails.Select(m => m.Language).Distinct(StringComparer.Ordinal).Count(), 12, int.MaxValue);
        Assert.InRange(mails.Select(m => m.Habit).Distinct(StringComparer.Ordinal).Count(), 25, int.MaxValue);
        Assert.Contains(mails, m => m.Path.Length == 0);
        Assert.Empty(WantedMails.Habits.Where(h => !WantedMails.Letters.Any(h.Writes)).Select(h => h.Name));
        Assert.Equal(mails, WantedMails.From(1));
        Assert.NotEqual(mails, WantedMails.From(2));
    }

    private static void AssertAllDelivered(int seed)
    {
        var mails = WantedMails.From(seed);
        var misjudged = mails.Select(m => (Mail: m, Said: Misjudged(m))).Where(m => m.Said is not null).ToList();
        if (misjudged.Count == 0)
        {
            return;
        }

        var text = new StringBuilder($"seed {seed}: {misjudged.Count} of {mails.Count} wanted mails are misjudged\n");
        foreach (var habit in misjudged.GroupBy(m => m.Mail.Habit, StringComparer.Ordinal).OrderByDescending(g => g.Count()))
        {
            text.Append(CultureInfo.InvariantCulture, $"{habit.Count(),4} of {mails.Count(m => m.Habit == habit.Key),3}  {habit.Key}\n");
        }

        Assert.Fail(text + string.Join('\n', misjudged.Select(m => $"{m.Mail.Name}: {m.Said}")));
    }

    // As the server sees it, told by the envelope, and as a stored mail is seen, told by Return-Path.
    private static string? Misjudged(Wanted mail) =>
        Misjudged(BounceClassifier.Classify(Encoding.Latin1.GetBytes(mail.Content), mail.Path.Length == 0))
        ?? Misjudged(BounceClassifier.Classify(Encoding.Latin1.GetBytes($"Return-Path: <{mail.Path}>\r\n{mail.Content}"), null));

    internal static string? Misjudged(BounceReport report)
    {
        var journal = new EmptyJournal();
        var judge = new Judge(new OriginProver(journal), journal, UnprovedPolicy.Auto, new(TimeSpan.FromDays(14), 20, 0.9));
        var verdict = judge.Decide(report, new(IsRole: false, BatvOutcome.None, ["me@example.org"]), _now).Verdict;
        return verdict.Action == VerdictAction.Deliver
            ? null
            : $"{verdict.Action} {verdict.Reason}, \"{report.Subject}\": {string.Join("; ", report.Evidence)}";
    }

    private sealed class EmptyJournal : ISentJournal
    {
        public bool HasMessageId(string messageId) => false;

        public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) => false;

        public Coverage Coverage(string ours) => default;
    }
}
