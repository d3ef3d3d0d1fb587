using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using CsCheck;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.OpenSsl;

namespace Backstop.Tests.Backscatter;

/// <summary>Signed by MimeKit, an implementation that is not ours; returned in a bounce; verified by us.</summary>
public sealed partial class OwnDkimTests
{
    private static readonly RSA _rsa = RSA.Create(2048);
    private static readonly DkimKey _key = DkimKey.Parse("s1._domainkey.example.org", _rsa.ExportSubjectPublicKeyInfoPem());
    private static readonly HeaderId[] _signedFields = [HeaderId.From, HeaderId.To, HeaderId.Subject, HeaderId.Date, HeaderId.MessageId];

    // MimeKit signs the time of its own clock into t=; that is when these tests are.
    private static readonly DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(long.Parse(
        TimeTag().Match(Sign()).Groups[1].Value, CultureInfo.InvariantCulture));

    public static TheoryData<DkimCanonicalizationAlgorithm> Algorithms =>
        [DkimCanonicalizationAlgorithm.Relaxed, DkimCanonicalizationAlgorithm.Simple];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Signature_of_ours_passes_in_a_returned_message(DkimCanonicalizationAlgorithm algorithm) =>
        Assert.Equal("Pass s1._domainkey.example.org: verifies for me@example.org", Verify(Sign(algorithm)));

    [Fact]
    public void Body_is_not_needed() => Assert.StartsWith("Pass", Verify(HeaderOf(Sign())), StringComparison.Ordinal);

    [Fact]
    public void Line_ends_of_the_way_change_nothing() =>
        Assert.StartsWith(
            "Pass", Verify(Sign(DkimCanonicalizationAlgorithm.Simple).Replace("\r\n", "\n", StringComparison.Ordinal)),
            StringComparison.Ordinal);

    [Fact]
    public void Folds_and_case_of_names_change_nothing_when_relaxed() => Assert.StartsWith(
        "Pass",
        Verify(Sign().Replace("Subject: garden plans", "SUBJECT:   garden\r\n\t plans", StringComparison.Ordinal)),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("garden plans", "garden plan")]
    [InlineData("From: Me <me@example.org>", "From: You <you@example.org>")]
    [InlineData("b=", "b=AAAA")]
    [InlineData("bh=", "bh=AAAA")]
    public void Changed_header_does_not_pass(string from, string to) =>
        Assert.StartsWith("Fail", Verify(Sign().Replace(from, to, StringComparison.Ordinal)), StringComparison.Ordinal);

    /// <summary>
    /// RFC 6376 §5.4.2: the last field of a name is signed, so one put in front is not believed, and one put behind breaks the
    /// signature.
    /// </summary>
    [Fact]
    public void Second_from_field_does_not_pass()
    {
        var signed = Sign();
        Assert.StartsWith(
            "Fail", Verify(signed.Replace("To: you", "From: Eve <eve@example.org>\r\nTo: you", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    /// <summary>
    /// A field in front of a header that we really signed changes nothing that is signed: it must not be what is believed.
    /// </summary>
    [Fact]
    public void From_in_front_of_a_signed_header_is_not_believed() =>
        Assert.Equal(
            "None s1._domainkey.example.org: verifies, but for me@example.org",
            Verify("From: You <you@example.org>\r\n" + Sign(), mailbox: "you@example.org"));

    [Fact]
    public void Date_in_front_of_a_signed_header_does_not_renew_it()
    {
        // A signature without t= tells its time by the signed Date alone. MimeKit always writes t=, so this one is made by hand, by
        // RFC 6376 §3.4.2.
        const string header = "From: Me <me@example.org>\r\nDate: Tue, 24 Nov 2020 08:00:00 +0000\r\n";
        const string signature = "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=s1; h=from:date; bh=AAAA; b=";
        var signed = $"from:Me <me@example.org>\r\ndate:Tue, 24 Nov 2020 08:00:00 +0000\r\ndkim-signature:{signature}";
        var mac = Convert.ToBase64String(_rsa.SignData(
            Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var whole = $"DKIM-Signature: {signature}{mac}\r\n{header}\r\n";
        Assert.StartsWith(
            "None s1._domainkey.example.org: verifies, but was signed on 2020-11-24", Verify(whole), StringComparison.Ordinal);
        var renewed = $"Date: {_now.ToString("r", CultureInfo.InvariantCulture)}\r\n{whole}";
        Assert.StartsWith(
            "None s1._domainkey.example.org: verifies, but was signed on 2020-11-24", Verify(renewed), StringComparison.Ordinal);
    }

    [Fact]
    public void Signature_proves_for_its_own_sender_alone() =>
        Assert.Equal("None s1._domainkey.example.org: verifies, but for me@example.org", Verify(Sign(), mailbox: "you@example.org"));

    [Theory]
    [InlineData(30, "Pass")]
    [InlineData(31, "None s1._domainkey.example.org: verifies, but was signed on 20")]
    [InlineData(-3, "None s1._domainkey.example.org: verifies, but was signed on 20")]
    public void Replay_ends_with_the_window(int days, string expected) =>
        Assert.StartsWith(expected, Verify(Sign(), days: days), StringComparison.Ordinal);

    [Fact]
    public void Other_keys_say_nothing()
    {
        using var other = RSA.Create(2048);
        Assert.Equal("None ", Verify(Sign(), key: DkimKey.Parse("s2._domainkey.example.org", other.ExportSubjectPublicKeyInfoPem())));
        Assert.Equal("None ", Verify(Sign(), key: DkimKey.Parse("s1._domainkey.example.com", other.ExportSubjectPublicKeyInfoPem())));
        Assert.StartsWith(
            "Fail", Verify(Sign(), key: DkimKey.Parse("s1._domainkey.example.org", other.ExportSubjectPublicKeyInfoPem())),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Ed25519_passes()
    {
        var pair = new Ed25519PrivateKeyParameters(new Org.BouncyCastle.Security.SecureRandom());
        var record = $"v=DKIM1; k=ed25519; p={Convert.ToBase64String(pair.GeneratePublicKey().GetEncoded())}";
        var signer = new DkimSigner(pair, "example.org", "e1", DkimSignatureAlgorithm.Ed25519Sha256)
        {
            HeaderCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed,
        };
        Assert.StartsWith("Pass", Verify(Text(signer), key: DkimKey.Parse("e1._domainkey.example.org", record)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s1._domainkey IN TXT ( \"v=DKIM1; h=sha256; k=rsa; \"\n\t  \"p={0}\"\n\t  \"{1}\" )  ; ----- DKIM key s1 for example.org")]
    [InlineData("v=DKIM1; p={0}{1}")]
    public void Key_is_read_from_a_record_as_key_tools_write_it(string format)
    {
        var p = Convert.ToBase64String(_rsa.ExportSubjectPublicKeyInfo());
        var text = string.Format(CultureInfo.InvariantCulture, format, p[..200], p[200..]);
        Assert.StartsWith("Pass", Verify(Sign(), key: DkimKey.Parse("S1._domainkey.Example.org", text)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("example.org", "v=DKIM1; p=AAAA")]
    [InlineData("s1._domainkey.example.org", "")]
    [InlineData("s1._domainkey.example.org", "v=DKIM1; p=")]
    [InlineData("s1._domainkey.example.org", "v=DKIM1; k=ed25519; p=AAAA")]
    [InlineData("s1._domainkey.example.org", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")]
    public void Rejects_a_text_that_is_not_a_key(string name, string text) =>
        Assert.Throws<FormatException>(() => DkimKey.Parse(name, text));

    /// <summary>What comes back was written by strangers.</summary>
    [Fact]
    public void Any_returned_signature_is_looked_at_without_an_exception() =>
        Gen.Select(Gen.String[Gen.Char[' ', '~'], 0, 200], Gen.String[Gen.Char[' ', '~'], 0, 100]).Sample((tags, more) =>
        {
            var header = $"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=from:{more}; t=9{more}; b=AAAA; {tags}\r\nFrom: "
                + $"<me@example.org>\r\nDate: {tags}\r\n";
            var returned = new ReturnedMessage(
                null, null, null, null, null, "quoted")
            { HasDkimSignature = true, Header = Encoding.ASCII.GetBytes(header) };
            Assert.NotEqual(ProofResult.Pass, new OwnDkim([_key], TimeSpan.FromDays(30)).Verify(returned, ["me@example.org"], _now).Result);
        });

    private static string Sign(DkimCanonicalizationAlgorithm algorithm = DkimCanonicalizationAlgorithm.Relaxed) => Text(Signer(algorithm));

    private static DkimSigner Signer(DkimCanonicalizationAlgorithm algorithm)
    {
        using var pem = new StringReader(_rsa.ExportRSAPrivateKeyPem());
        var pair = (Org.BouncyCastle.Crypto.AsymmetricCipherKeyPair)new PemReader(pem).ReadObject();
        return new(pair.Private, "example.org", "s1", DkimSignatureAlgorithm.RsaSha256) { HeaderCanonicalizationAlgorithm = algorithm };
    }

    private static string Text(DkimSigner signer)
    {
        var message = new MimeMessage(
            [new MailboxAddress("Me", "me@example.org")], [
                new MailboxAddress("", "you@example.com")], "garden plans", new TextPart("plain") { Text = "Hello.\r\n" })
        {
            Date = new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero),
            MessageId = "1@example.org",
        };
        message.Prepare(EncodingConstraint.SevenBit);
        signer.Sign(message, _signedFields);
        using var stream = new MemoryStream();
        message.WriteTo(new FormatOptions { NewLineFormat = NewLineFormat.Dos }, stream);
        return Encoding.ASCII.GetString(stream.ToArray());
    }

    [GeneratedRegex(@"\bt=(\d+)")]
    private static partial Regex TimeTag();

    private static string HeaderOf(string message) => message[..(message.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 2)];

    private static string Verify(string returned, string mailbox = "me@example.org", int days = 0, DkimKey? key = null)
    {
        var bounce = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.com\r\nSubject: failure\r\nContent-Type: multipart/report; "
            + "boundary=b; report-type=delivery-status\r\n\r\n"
            + "--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; you@example.com\r\nAction: failed\r\n\r\n"
            + $"--b\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n--b--\r\n";
        var report = BounceClassifier.Classify(Encoding.ASCII.GetBytes(bounce), true);
        var proof = new OwnDkim([key ?? _key], TimeSpan.FromDays(30)).Verify(report.Returned, [mailbox], _now.AddDays(days));
        return $"{proof.Result} {proof.Detail}";
    }
}
