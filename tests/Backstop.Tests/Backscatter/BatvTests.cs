using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Backscatter;

public sealed class BatvTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static readonly MailAddress _me = new("me", "example.org");
    private static readonly BatvKey _key = new(3, "0123456789abcdef0123456789abcdef"u8.ToArray());

    /// <summary>
    /// The tag written out by hand from the draft: K, day of expiry mod 1000, three octets of HMAC-SHA1 over both and the address.
    /// </summary>
    [Fact]
    public void Tag_is_what_the_draft_says()
    {
        var day = ((_now.ToUnixTimeSeconds() / 86400) + 7) % 1000;
        var stamp = "3" + day.ToString("D3", CultureInfo.InvariantCulture);
        var mac = Convert.ToHexStringLower(HMACSHA1.HashData(_key.Secret.Span, Encoding.ASCII.GetBytes(stamp + "me@example.org"))[..3]);
        Assert.Equal($"prvs={stamp}{mac}=me@example.org", new Batv([_key]).Sign(_me, _now).ToString());
    }

    [Theory]
    [InlineData(0, BatvOutcome.Pass)]
    [InlineData(7, BatvOutcome.Pass)]
    [InlineData(8, BatvOutcome.Expired)]
    [InlineData(500, BatvOutcome.Expired)]
    [InlineData(992, BatvOutcome.Expired)]
    [InlineData(-1, BatvOutcome.Pass)]
    [InlineData(-2, BatvOutcome.Expired)]
    public void Tag_lives_for_its_lifetime_and_no_longer(int days, BatvOutcome expected)
    {
        var batv = new Batv([_key]);
        var tag = BatvTag.TryParse(batv.Sign(_me, _now))!;
        Assert.Equal(expected, batv.Check(tag, _now.AddDays(days)));
    }

    /// <summary>Two hosts' clocks differ by two seconds, and a day begins between them.</summary>
    [Fact]
    public void Tag_of_a_clock_ahead_is_good()
    {
        var batv = new Batv([_key]);
        var midnight = new DateTimeOffset(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(BatvOutcome.Pass, batv.Check(BatvTag.TryParse(batv.Sign(_me, midnight.AddSeconds(1)))!, midnight.AddSeconds(-1)));
    }

    /// <summary>Day numbers wrap every 1000 days: a tag signed just before must live over the wrap.</summary>
    [Fact]
    public void Window_is_modular()
    {
        var batv = new Batv([_key]);
        for (var start = 0; start < 1000; start++)
        {
            var signed = DateTimeOffset.FromUnixTimeSeconds((20_000 + start) * 86400L);
            var tag = BatvTag.TryParse(batv.Sign(_me, signed))!;
            Assert.Equal(BatvOutcome.Pass, batv.Check(tag, signed.AddDays(7)));
            Assert.Equal(BatvOutcome.Expired, batv.Check(tag, signed.AddDays(8)));
        }
    }

    /// <summary>What an attacker who has seen one of our tags can make of it.</summary>
    public static TheoryData<string, string, int, BatvOutcome> Attacks
    {
        get
        {
            var tag = new Batv([_key]).Sign(_me, _now).ToString();
            return new()
            {
                { "as signed", tag, 0, BatvOutcome.Pass },
                { "replay after expiry", tag, 8, BatvOutcome.Expired },
                { "replay when the day number comes round again is the scheme's own limit", tag, 1000, BatvOutcome.Pass },
                { "replay just before that", tag, 992, BatvOutcome.Expired },
                { "on another address", tag.Replace("=me@", "=you@", StringComparison.Ordinal), 0, BatvOutcome.Forged },
                { "on another domain", tag.Replace("@example.org", "@example.com", StringComparison.Ordinal), 0, BatvOutcome.Forged },
                { "with a truncated MAC", tag.Remove(14, 1), 0, BatvOutcome.Forged },
                { "without a MAC", tag.Remove(9, 6), 0, BatvOutcome.Forged },
                { "with the day put forward", tag.Remove(6, 3).Insert(6, "999"), 0, BatvOutcome.Forged },
                { "with another key's number", tag.Remove(5, 1).Insert(5, "4"), 0, BatvOutcome.Forged },
                { "in the older order of the parts", $"prvs=me={tag[5..15]}@example.org", 0, BatvOutcome.Pass },
                { "as a sub-address", $"me+prvs={tag[5..15]}@example.org", 0, BatvOutcome.Pass },
                { "with a second tag around it", "prvs=3000000000=" + tag, 0, BatvOutcome.Forged },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public void Only_what_we_signed_for_this_address_and_lately_passes(string label, string address, int days, BatvOutcome expected) =>
        Assert.True(expected == new Batv([_key]).Check(BatvTag.TryParse(MailAddress.TryParse(address)!)!, _now.AddDays(days)), label);

    /// <summary>No change of a tag's ten characters passes but one of case.</summary>
    [Fact]
    public void Changed_tag_never_passes()
    {
        var batv = new Batv([_key]);
        var tag = BatvTag.TryParse(batv.Sign(_me, _now))!;
        Gen.Select(Gen.Int[0, 9], Gen.Char['0', 'z']).Sample((at, c) =>
        {
            var changed = tag.Value.Remove(at, 1).Insert(at, $"{c}");
            Assert.Equal(
                changed.Equals(tag.Value, StringComparison.OrdinalIgnoreCase),
                batv.Check(tag with { Value = changed }, _now) == BatvOutcome.Pass);
        });
    }

    [Fact]
    public void Second_key_still_verifies_and_a_third_is_not_allowed()
    {
        var old = new BatvKey(2, new byte[32]);
        var tag = BatvTag.TryParse(new Batv([old]).Sign(_me, _now))!;
        Assert.Equal(BatvOutcome.Pass, new Batv([_key, old]).Check(tag, _now));
        Assert.Equal(BatvOutcome.Forged, new Batv([_key]).Check(tag, _now));
        Assert.Throws<ArgumentException>(() => new Batv([_key, old, old]));
    }

    [Theory]
    [InlineData("prvs=3123abcdef=me@example.org", BatvOutcome.Forged)]
    [InlineData("prvs=xyz=me@example.org", BatvOutcome.Forged)]
    [InlineData("btv1==0123==me@example.org", BatvOutcome.None)]
    [InlineData("msprvs1=17abc=me@example.org", BatvOutcome.None)]
    public void What_we_did_not_sign_does_not_pass(string address, BatvOutcome expected) =>
        Assert.Equal(expected, new Batv([_key]).Check(BatvTag.TryParse(MailAddress.TryParse(address)!)!, _now));

    [Theory]
    [InlineData("prvs=3123ABCDEF=me@example.org", "prvs", "me@example.org")]
    [InlineData("PRVS=3123abcdef=me+list@example.org", "prvs", "me+list@example.org")]
    [InlineData("prvs=me=3123abcdef@example.org", "prvs-reversed", "me@example.org")]
    [InlineData("me+prvs=3123abcdef@example.org", "sub-address", "me@example.org")]
    [InlineData("btv1==0123abc==me@example.org", "btv1", "me@example.org")]
    [InlineData("msprvs1=17abc:AB=me@example.org", "msprvs1", "me@example.org")]
    [InlineData("me+list@example.org", null, null)]
    [InlineData("prvs=@example.org", null, null)]
    public void Dialects_are_taken_apart(string address, string? dialect, string? original)
    {
        var tag = BatvTag.TryParse(MailAddress.TryParse(address)!);
        Assert.Equal((dialect, original), (tag?.Dialect, tag?.Original.ToString()));
    }

    [Fact]
    public void Case_changed_on_the_way_does_not_break_a_tag()
    {
        var batv = new Batv([_key]);
        var tagged = batv.Sign(_me, _now);
        var shouted = new MailAddress(tagged.LocalPart.ToUpperInvariant(), "EXAMPLE.ORG");
        Assert.Equal(BatvOutcome.Pass, batv.Check(BatvTag.TryParse(shouted)!, _now));
    }
}
