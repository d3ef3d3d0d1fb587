using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Backscatter;

public sealed class SignedMessageIdTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static readonly MailAddress _me = new("Me", "Example.org");
    private static readonly BatvKey _key = new(3, "0123456789abcdef0123456789abcdef"u8.ToArray());
    private static readonly SignedMessageId _signed = new([_key]);
    private static readonly string _id = _signed.Create(_me, _now);
    private static readonly string _stamp = _signed.Stamp("theirs@mail.example.net", _me, _now);

    /// <summary>
    /// What an attacker who has seen one of our ids can make of it. Label, id, days later, the mailbox it is returned to, outcome.
    /// </summary>
    public static TheoryData<string, string, int, string, SignedOutcome> Attacks => new()
    {
        { "as signed", _id, 0, "me@example.org", SignedOutcome.Pass },
        { "on its last day", _id, 30, "me@example.org", SignedOutcome.Pass },
        { "replay after expiry", _id, 31, "me@example.org", SignedOutcome.Expired },
        { "replay a thousand days later, where tags wrap", _id, 1000, "me@example.org", SignedOutcome.Expired },
        { "from a clock far ahead", _id, -2, "me@example.org", SignedOutcome.Expired },
        { "in capitals", _id.ToUpperInvariant(), 0, "me@example.org", SignedOutcome.Pass },
        { "returned to another address of the domain", _id, 0, "you@example.org", SignedOutcome.Forged },
        { "under another domain of ours", _id.Replace(
            "@example.org", "@example.com", StringComparison.Ordinal), 0, "me@example.com", SignedOutcome.Forged },
        { "under a domain that is not ours", _id.Replace(
            "@example.org", "@evil.example", StringComparison.Ordinal), 0, "me@example.org", SignedOutcome.None },
        { "with a truncated MAC", _id.Replace(
            "@", "", StringComparison.Ordinal)[..^15] + "@example.org", 0, "me@example.org", SignedOutcome.Forged },
        { "with an empty MAC", Cut(_id), 0, "me@example.org", SignedOutcome.Forged },
        { "with the day put forward", Forward(_id), 20, "me@example.org", SignedOutcome.Forged },
        { "with another key's number", _id.Replace("bs3.", "bs4.", StringComparison.Ordinal), 0, "me@example.org", SignedOutcome.None },
        { "with a zero before the day", _id.Replace("bs3.", "bs3.0", StringComparison.Ordinal), 0, "me@example.org", SignedOutcome.None },
        { "with something behind the MAC", _id.Replace("@", "a@", StringComparison.Ordinal), 0, "me@example.org", SignedOutcome.Forged },
        { "any other id", "20260101.1234@example.org", 0, "me@example.org", SignedOutcome.None },
        { "an empty id", "", 0, "me@example.org", SignedOutcome.None },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void Only_what_we_signed_for_this_address_and_lately_passes(
        string label, string id, int days, string mailbox, SignedOutcome expected) =>
        Assert.True(expected == _signed.Check(id, [mailbox], _now.AddDays(days)), label);

    [Theory]
    [InlineData("theirs@mail.example.net", "me@example.org", 0, SignedOutcome.Pass)]
    [InlineData("THEIRS@mail.example.net", "me@example.org", 30, SignedOutcome.Pass)]
    [InlineData("theirs@mail.example.net", "me@example.org", 31, SignedOutcome.Expired)]
    [InlineData("other@mail.example.net", "me@example.org", 0, SignedOutcome.Forged)]
    [InlineData("theirs@mail.example.net", "you@example.org", 0, SignedOutcome.Forged)]
    public void Field_proves_the_id_that_somebody_else_chose(string id, string mailbox, int days, SignedOutcome expected) =>
        Assert.Equal(expected, _signed.CheckStamp(_stamp, id, [mailbox], _now.AddDays(days)));

    [Theory]
    [InlineData("me+list@example.org", "me@example.org", SignedOutcome.Pass)]
    [InlineData("me@example.org", "me+list@example.org", SignedOutcome.Pass)]
    [InlineData("me+list@example.org", "you+list@example.org", SignedOutcome.Forged)]
    public void Detail_of_an_address_is_no_other_person(string sender, string mailbox, SignedOutcome expected) =>
        Assert.Equal(expected, _signed.Check(_signed.Create(MailAddress.TryParse(sender)!, _now), [mailbox], _now));

    [Fact]
    public void Key_rollover_keeps_what_is_on_its_way()
    {
        var next = new BatvKey(4, "fedcba9876543210fedcba9876543210"u8.ToArray());
        Assert.Equal(SignedOutcome.Pass, new SignedMessageId([next, _key]).Check(_id, ["me@example.org"], _now));

        // A retired key proves nothing, and refutes nothing: the journal may still know the message.
        Assert.Equal(SignedOutcome.None, new SignedMessageId([next]).Check(_id, ["me@example.org"], _now));

        // The same number with another secret: it says it is ours, and is not.
        Assert.Equal(SignedOutcome.Forged, new SignedMessageId([next with { Number = 3 }]).Check(_id, ["me@example.org"], _now));
    }

    [Fact]
    public void Id_fits_into_a_message_and_is_never_the_same_twice()
    {
        Assert.NotEqual(_id, _signed.Create(_me, _now));
        Assert.Matches("^bs3\\.20781\\.[a-z2-7]{12}\\.[a-z2-7]{16}@example\\.org$", _id);
        Assert.Null(SrsAddress.TryParse(MailAddress.TryParse(_id)!));
    }

    [Fact]
    public void Signing_and_checking_are_inverses_for_any_address() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 20], Gen.Int[0, 30], Gen.Int[1, 40_000]).Sample((local, age, day) =>
        {
            var sender = new MailAddress(local, "example.org");
            var sent = DateTimeOffset.FromUnixTimeSeconds(day * 86400L + 100);
            Assert.Equal(SignedOutcome.Pass, _signed.Check(_signed.Create(sender, sent), [sender.Key], sent.AddDays(age)));
        });

    /// <summary>No change of a signed id passes, whatever the change.</summary>
    [Fact]
    public void Changed_id_never_passes() =>
        Gen.Select(Gen.Int[0, _id.Length - 1], Gen.Char[' ', '~'], Gen.Int[0, 2]).Sample((at, c, how) =>
        {
            var changed = how switch { 0 => _id.Remove(at, 1), 1 => _id.Insert(at, $"{c}"), _ => _id.Remove(at, 1).Insert(at, $"{c}") };
            if (!changed.Equals(_id, StringComparison.OrdinalIgnoreCase))
            {
                Assert.NotEqual(SignedOutcome.Pass, _signed.Check(changed, ["me@example.org"], _now));
            }
        });

    [Fact]
    public void Any_text_is_checked_without_an_exception() =>
        Gen.Select(Gen.String, Gen.String).Sample((a, b) =>
        {
            Assert.NotEqual(SignedOutcome.Pass, _signed.Check("bs3.20781." + a, ["me@example.org"], _now));
            Assert.NotEqual(SignedOutcome.Pass, _signed.CheckStamp("bs3.20781." + a, b, ["me@example.org"], _now));
        });

    private static string Cut(string id) => id[..(id.LastIndexOf('.', id.IndexOf('@', StringComparison.Ordinal)) + 1)] + "@example.org";

    private static string Forward(string id) => id.Replace(".20781.", ".20791.", StringComparison.Ordinal);
}
