using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Proofs;
using CsCheck;

namespace Backstop.Tests.Backscatter;

public sealed class OwnFieldTests
{
    /// <summary>What is configured, and a part of what is said about it; empty where nothing is wrong.</summary>
    public static TheoryData<string, string> Texts => new()
    {
        { "X-Campaign-Id", "" },
        { "X-Campaign-Id: s3cret-", "" },
        { " X-Campaign-Id :  s3cret- ", "" },
        { "X-Campaign-Id: a:b", "" },
        { "List-Id: <news.example.org>", "" },
        { "X-Mailer: OurShop/", "" },
        { "Subject", "anybody's mail" },
        { "subject: [News]", "anybody's mail" },
        { "From", "anybody's mail" },
        { "Received", "anybody's mail" },
        { "Message-ID", "anybody's mail" },
        { "Message-Id: <bs", "anybody's mail" },
        { "Resent-To", "anybody's mail" },
        { "Content-Type", "anybody's mail" },
        { "X-Backstop-Sent", "anybody's mail" },
        { "X-Mailer", "many senders" },
        { "list-unsubscribe", "many senders" },
        { "X-Campaign-Id:", "no value" },
        { "", "not the name" },
        { ": x", "not the name" },
        { "X Campaign", "not the name" },
        { "X-Kampagne-\u00DC", "not the name" },
        { "X-Campaign-Id: \u00FC", "not printable" },
        { "X-Campaign-Id: a\nb", "not printable" },
    };

    /// <summary>Label, what is configured, the returned header, result.</summary>
    public static TheoryData<string, string, string, ProofResult> Headers => new()
    {
        { "the field is there", "X-Campaign-Id", "From: a@b\nX-Campaign-Id: 7\n", ProofResult.Pass },
        { "in another case", "x-campaign-ID", "X-CAMPAIGN-Id:7\n", ProofResult.Pass },
        { "empty, but there", "X-Campaign-Id", "X-Campaign-Id:\n", ProofResult.Pass },
        { "folded", "X-Campaign-Id: s3cret-", "X-Campaign-Id:\n s3cret-7\n", ProofResult.Pass },
        { "the second of its name", "X-Campaign-Id: s3cret-", "X-Campaign-Id: x\nX-Campaign-Id: s3cret-7\n", ProofResult.Pass },
        { "all of the value", "X-Campaign-Id: s3cret-7", "X-Campaign-Id: s3cret-7\r\n", ProofResult.Pass },
        { "another value", "X-Campaign-Id: s3cret-", "X-Campaign-Id: 7 s3cret-\n", ProofResult.None },
        { "the value in another case", "X-Campaign-Id: s3cret-", "X-Campaign-Id: S3cret-7\n", ProofResult.None },
        { "less than the value", "X-Campaign-Id: s3cret-7", "X-Campaign-Id: s3cret-\n", ProofResult.None },
        { "another field", "X-Campaign-Id", "X-Campaign-Id-2: 7\n", ProofResult.None },
        { "in another field's value", "X-Campaign-Id", "Subject: X-Campaign-Id: 7\n", ProofResult.None },
        { "in the body", "X-Campaign-Id", "From: a@b\n\nX-Campaign-Id: 7\n", ProofResult.None },
        { "no header came back", "X-Campaign-Id", "", ProofResult.None },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Field_is_read_or_refused_with_a_reason(string text, string wrong)
    {
        Assert.Equal(wrong.Length == 0, OwnField.TryParse(text, out var field, out var error));
        Assert.Equal(wrong.Length == 0, field is not null);
        Assert.Equal(wrong.Length == 0, error.Length == 0);
        Assert.Contains(wrong, error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void Field_is_found_in_the_returned_header_alone(string label, string text, string header, ProofResult expected)
    {
        var proof = OwnFields.Parse([text]).Read(Returned(header));
        Assert.True(expected == proof.Result, label);
        Assert.Equal(expected == ProofResult.Pass ? "own-field:pass" : null, proof.Reason?.Word);
        Assert.DoesNotContain("s3cret", proof.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_fields_nothing_proves() =>
        Assert.Equal(new("own-field", ProofResult.None, ""), new OwnFields([]).Read(Returned("X-Campaign-Id: 7\n")));

    /// <summary>Whatever comes back, it never refutes: nobody's bounce is refused for it.</summary>
    [Fact]
    public void No_header_refutes() =>
        Gen.OneOf("X-Campaign-Id", ":", " ", "s3cret-", "\n", "\r\n", "From: a@b", "\t", "\0", "x").Array[0, 30].Sample(parts =>
            Assert.NotEqual(ProofResult.Fail, OwnFields.Parse(["X-Campaign-Id: s3cret-"]).Read(Returned(string.Concat(parts))).Result));

    [Fact]
    public void Value_that_begins_as_configured_passes_and_no_other() =>
        Gen.Select(Gen.String[Gen.Char['!', '~'], 1, 12], Gen.String[Gen.Char['!', '~'], 0, 12]).Sample((prefix, value) =>
        {
            var expected = value.StartsWith(prefix, StringComparison.Ordinal) ? ProofResult.Pass : ProofResult.None;
            Assert.Equal(expected, OwnFields.Parse(["X-Own: " + prefix]).Read(Returned($"X-Own: {value}\n")).Result);
            Assert.Equal(ProofResult.Pass, OwnFields.Parse(["X-Own: " + prefix]).Read(Returned($"X-Own: {prefix}{value}\n")).Result);
        });

    /// <summary>A field that is left out proves nothing any more, and its owner's bounces are put aside.</summary>
    [Theory]
    [InlineData("Subject")]
    [InlineData("X-Mailer")]
    [InlineData("")]
    public void Field_that_proves_nothing_is_not_left_out_silently(string text) =>
        Assert.NotEmpty(Assert.Throws<FormatException>(() => OwnFields.Parse(["X-Campaign-Id", text])).Message);

    [Fact]
    public void Any_text_is_a_field_or_an_error() =>
        Gen.String.Sample(text => Assert.True(OwnField.TryParse(text, out _, out var error) == (error.Length == 0)));

    private static ReturnedMessage Returned(string header) => ReturnedMessage.Nothing with { Header = Encoding.UTF8.GetBytes(header) };
}
