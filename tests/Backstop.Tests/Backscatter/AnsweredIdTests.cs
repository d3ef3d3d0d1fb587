using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using CsCheck;

namespace Backstop.Tests.Backscatter;

/// <summary>
/// Ids in In-Reply-To and References: they prove as the returned id does, they never refute, and the explanation shows them.
/// </summary>
public sealed class AnsweredIdTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static readonly SignedMessageId _signed = new([new(3, "0123456789abcdef0123456789abcdef"u8.ToArray())]);
    private static readonly string _mine = _signed.Create(new("me", "example.org"), _now);
    private static readonly string _old = _signed.Create(new("me", "example.org"), _now.AddDays(-200));
    private static readonly string _colleagues = _signed.Create(new("eve", "example.org"), _now);
    private const string Forged = "bs3.20781.abcdefghijkl.abcdefghijklmnop@example.org";

    /// <summary>
    /// Label, returned id (empty for none), its From, references, what the journal knows, proof that decides, its result, a part of
    /// its detail.
    /// </summary>
    public static TheoryData<string, string, string, string[], string, string, ProofResult, string> Rows => new()
    {
        { "the journal knows the returned id", "a@x", "me@example.org", [], "a@x", "journal", ProofResult.Pass, "message-id a@x" },

        {
            "the journal knows the answered id", "", "", ["a@x"], "a@x", "journal", ProofResult.Pass,
            "message-id a@x in In-Reply-To or References"
        },

        {
            "the journal knows the last of a thread", "b@x", "me@example.org", ["c@x", "a@x"], "a@x", "journal", ProofResult.Pass,
            "message-id a@x in In-Reply-To or References"
        },

        {
            "the journal knows none", "b@x", "me@example.org", ["c@x"], "a@x", "journal", ProofResult.None,
            "does not know message-id b@x, message-id c@x in In-Reply-To or References, recipient you@example.com"
        },

        {
            "both fields give the same id", "b@x", "me@example.org", ["B@x", "c@x", "c@x"], "", "journal", ProofResult.None,
            "does not know message-id b@x, message-id c@x in In-Reply-To or References, recipient you@example.com"
        },
        { "a long thread", "b@x", "me@example.org", ["1@x", "2@x", "3@x", "4@x"], "", "journal", ProofResult.None, " and 2 more" },

        {
            "the answered id is signed", "", "", [_mine], "", "signed-message-id", ProofResult.Pass,
            "in In-Reply-To or References signed by us"
        },

        {
            "the answered id is signed, the returned is another's", "a@x", "me@example.org", [_mine], "", "signed-message-id",
            ProofResult.Pass, "in In-Reply-To or References signed by us"
        },

        {
            "a thread of last year", "a@x", "me@example.org", [_old], "", "signed-message-id", ProofResult.None,
            "in In-Reply-To or References signed too long ago"
        },

        {
            "a colleague's thread", "a@x", "me@example.org", [_colleagues], "", "signed-message-id", ProofResult.None,
            "is not signed by us for this address"
        },

        {
            "a forged id in a thread", "a@x", "me@example.org", [Forged], "", "signed-message-id", ProofResult.None,
            "is not signed by us for this address"
        },

        {
            "a forged returned id", Forged, "me@example.org", ["a@x"], "", "signed-message-id", ProofResult.Fail,
            "is not signed by us for this address"
        },

        {
            "a forged returned id and a thread of last year", Forged, "me@example.org", [_old], "", "signed-message-id",
            ProofResult.Fail, "is not signed by us for this address"
        },
        { "an old returned id", _old, "me@example.org", [], "", "signed-message-id", ProofResult.Fail, "signed too long ago" },
        { "an old id of which nothing else came back", _old, "", [], "", "signed-message-id", ProofResult.Fail, "signed too long ago" },

        {
            "a returned id of another address of ours", _colleagues, "eve@example.org", [], "", "signed-message-id", ProofResult.None,
            "but for eve@example.org"
        },

        {
            "a returned id of nobody knows whom", _colleagues, "", [], "", "signed-message-id", ProofResult.None,
            "the report does not return the sender"
        },
        { "nothing", "", "", [], "", "signed-message-id", ProofResult.None, "" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Id_proves_wherever_it_stands_and_refutes_only_as_the_returned(
        string label, string returned, string from, string[] references, string known, string proof, ProofResult expected, string detail)
    {
        var found = Prove(known, Report(returned, from, references)).All.Single(p => p.Name == proof);
        Assert.True(expected == found.Result, $"{label}: {found}");
        Assert.Contains(detail, found.Detail, StringComparison.Ordinal);
        Assert.Equal(expected == ProofResult.None, found.Reason is null);
    }

    /// <summary>Whatever a forger writes into References: it takes nothing away from what the report would have been without it.</summary>
    [Fact]
    public void References_never_make_a_verdict_worse() =>
        Gen.Select(
            Gen.OneOf("a@x", _mine, _old, _colleagues, Forged, "bs3.1.x@example.org", "", "@").Array[0, 6],
            Gen.OneOf("a@x", "b@x", _mine, _old, Forged, "")).Sample((references, returned) =>
        {
            var without = Prove("", Report(returned, "me@example.org", []));
            var with = Prove("", Report(returned, "me@example.org", references));
            Assert.Equal(without.Refuted?.Reason, with.Refuted?.Reason ?? (with.Passed is null ? null : without.Refuted?.Reason));
            Assert.True(without.Passed is null || with.Passed is not null);
        });

    private static ProofSet Prove(string known, BounceReport report) =>
        new OriginProver(new Journal(known), _signed, new([], TimeSpan.Zero), new([]), new([]))
            .Prove(report, new(false, BatvOutcome.None, ["me@example.org"]), _now);

    private static BounceReport Report(string returned, string from, IReadOnlyList<string> references) => new(
        MailKind.Bounce, "text", true, [new("you@example.com", "failed", "5.1.1", null)],
        returned.Length == 0 ? ReturnedMessage.Nothing : new(
            returned, from.Length > 0 ? from : null, null, null, null, "quoted"), "daemon@example.net", references);

    private sealed class Journal(string known) : ISentJournal
    {
        public bool HasMessageId(string messageId) => messageId == known;

        public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) => false;

        public Coverage Coverage(string ours) => default;
    }
}
