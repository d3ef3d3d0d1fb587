using System.Security.Cryptography;
using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Backscatter;

public sealed class SrsTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static readonly byte[] _secret = "a-secret-of-the-forwarder"u8.ToArray();
    private static readonly Srs _srs = new([_secret]);
    private static readonly MailAddress _made = _srs.Forward(new("Bob", "Source.example"), "forward.example.org", _now);

    public static TheoryData<string, string, int, SignedOutcome> Attacks => new()
    {
        { "as made", _made.ToString(), 0, SignedOutcome.Pass },
        { "on its last day", _made.ToString(), 21, SignedOutcome.Pass },
        { "replay after expiry", _made.ToString(), 22, SignedOutcome.Expired },
        { "made tomorrow", _made.ToString(), -1, SignedOutcome.Expired },
        { "after the day has wrapped", _made.ToString(), 1024, SignedOutcome.Pass },
        { "in small letters, as some servers send it", _made.ToString().ToLowerInvariant(), 0, SignedOutcome.Pass },
        { "another sender", _made.ToString().Replace("=Bob", "=Eve", StringComparison.Ordinal), 0, SignedOutcome.Forged },
        { "another domain", _made.ToString().Replace("=Source.", "=target.", StringComparison.Ordinal), 0, SignedOutcome.Forged },
        { "a truncated hash", "SRS0=" + _made.LocalPart[6..] + "@forward.example.org", 0, SignedOutcome.Forged },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void Only_what_we_made_and_lately_passes(string label, string address, int days, SignedOutcome expected) =>
        Assert.True(expected == _srs.Check(SrsAddress.TryParse(MailAddress.TryParse(address)!)!, _now.AddDays(days)), label);

    /// <summary>Written out by hand: HMAC-SHA1 over day, domain and local-part in lower case, four characters of its base64.</summary>
    [Fact]
    public void Address_is_what_libsrs2_makes()
    {
        var day = _now.ToUnixTimeSeconds() / 86400 % 1024;
        const string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var stamp = $"{letters[(int)(day / 32)]}{letters[(int)(day % 32)]}";
        var hash = Convert.ToBase64String(HMACSHA1.HashData(
            _secret, Encoding.ASCII.GetBytes(stamp.ToLowerInvariant() + "source.example" + "bob")))[..4];
        Assert.Equal($"SRS0={hash}={stamp}=Source.example=Bob@forward.example.org", _made.ToString());
    }

    [Theory]
    [InlineData("SRS0=HHHH=TT=source.example=bob@first.example", false, "source.example", "bob@source.example")]
    [InlineData("srs0+HHHH=TT=source.example=bob=x@first.example", false, "source.example", "bob=x@source.example")]
    [InlineData(
        "SRS1=GGGG=first.example==HHHH=TT=source.example=bob@second.example", true, "first.example",
        "SRS0=HHHH=TT=source.example=bob@first.example")]
    public void Addresses_are_taken_apart(string address, bool isGuarded, string host, string original)
    {
        var parsed = SrsAddress.TryParse(MailAddress.TryParse(address)!)!;
        Assert.Equal((isGuarded, host, original), (parsed.IsGuarded, parsed.Host, parsed.Original.ToString()));
    }

    [Theory]
    [InlineData("SRS0=HHHH=TT=only@first.example")]
    [InlineData("SRS2=HHHH=TT=a=b@first.example")]
    [InlineData("SRS1=GGGG=first.example=HHHH@second.example")]
    [InlineData("srs@first.example")]
    [InlineData("bob@first.example")]
    public void Other_addresses_are_not_srs_addresses(string address) => Assert.Null(SrsAddress.TryParse(MailAddress.TryParse(address)!));

    [Fact]
    public void Second_and_third_forwarder_guard_the_first()
    {
        var second = new Srs(["second"u8.ToArray()]);
        var third = new Srs(["third"u8.ToArray()]);
        var guarded = second.Forward(_made, "second.example", _now);
        Assert.StartsWith("SRS1=", guarded.LocalPart, StringComparison.Ordinal);
        var last = third.Forward(guarded, "third.example", _now);
        var back = SrsAddress.TryParse(last)!;
        Assert.Equal(SignedOutcome.Pass, third.Check(back, _now));
        Assert.Equal(SignedOutcome.Forged, second.Check(back, _now));
        Assert.Equal(_made, back.Original);
        Assert.Equal(SignedOutcome.Pass, _srs.Check(SrsAddress.TryParse(back.Original)!, _now));
    }

    [Fact]
    public void Old_secret_still_verifies() =>
        Assert.Equal(SignedOutcome.Pass, new Srs(["new"u8.ToArray(), _secret]).Check(SrsAddress.TryParse(_made)!, _now));

    [Fact]
    public void Without_a_secret_nothing_is_said() =>
        Assert.Equal(SignedOutcome.None, new Srs([]).Check(SrsAddress.TryParse(_made)!, _now));

    [Fact]
    public void Made_addresses_pass_and_lead_back() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 20], Gen.Int[0, 21], Gen.Int[0, 40_000]).Sample((local, age, day) =>
        {
            var sender = new MailAddress(local + "=x", "source.example");
            var sent = DateTimeOffset.FromUnixTimeSeconds(day * 86400L);
            var parsed = SrsAddress.TryParse(_srs.Forward(sender, "forward.example.org", sent))!;
            Assert.Equal(SignedOutcome.Pass, _srs.Check(parsed, sent.AddDays(age)));
            Assert.Equal(sender, parsed.Original);
        });
}
