using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Backscatter;

/// <summary>The judge of day one: nothing is known of what was sent.</summary>
internal static class EmptyJudge
{
    private static readonly Judge _judge = new(
        new(
            new NoJournal(), new([]), new([], TimeSpan.Zero), new([])), new NoJournal(), UnprovedPolicy.Auto, new(
                TimeSpan.FromDays(14), 20, 0.9));

    public static Verdict Decide(BounceReport report, string ours = "me@example.org") =>
        _judge.Decide(report, new(false, BatvOutcome.None, [ours]), new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero)).Verdict;

    private sealed class NoJournal : ISentJournal
    {
        public Coverage Coverage(string ours) => default;

        public bool HasMessageId(string messageId) => false;

        public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) => false;
    }
}
