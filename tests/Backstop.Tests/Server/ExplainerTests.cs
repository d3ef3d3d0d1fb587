using System.Text;
using System.Text.Json;
using Backstop.Clean;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Explain;
using Backstop.Mail;

namespace Backstop.Tests.Server;

/// <summary>The record of <c>explain</c>: what the envelope adds to a message, and the JSON that command line and web port share.</summary>
public sealed class ExplainerTests
{
    private static readonly byte[] _letter = Encoding.ASCII.GetBytes(
        "From: sam@example.com\nTo: me@example.org\nSubject: hello\n\nhello\n");

    /// <summary>The contract of the command line: fields are added, never renamed and never dropped.</summary>
    [Fact]
    public void Json_is_one_line_with_every_field_of_the_contract()
    {
        var line = Encoding.UTF8.GetString(Explain(ServerMail.BounceOf("x@example.org"), default).ToJsonLine());
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        using var json = JsonDocument.Parse(line);
        string[] contract = [
            "path", "kind", "format", "nullReversePath", "recipients", "returned", "proofs", "origin", "verdict", "folder", "reason",
            "milliseconds"];
        Assert.Empty(contract.Except(json.RootElement.EnumerateObject().Select(p => p.Name)));
        string[] returned = ["messageId", "from", "to", "subject", "date", "carrier"];
        Assert.Empty(returned.Except(json.RootElement.GetProperty("returned").EnumerateObject().Select(p => p.Name)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [InlineData(null)]
    public void Null_sender_is_what_the_asker_knows_of_it(bool? isNull) =>
        Assert.Equal(isNull, Explain(_letter, new(null, isNull)).NullReversePath);

    [Fact]
    public void Recipient_that_is_given_beats_the_header()
    {
        var bounce = ServerMail.BounceOf("x@example.org");
        Assert.Equal("me@example.org", Explain(bounce, default).Coverage?.Address);
        Assert.Equal("you@example.org", Explain(bounce, new(MailAddress.TryParse("you@example.org"), null)).Coverage?.Address);
    }

    private static Explanation Explain(string message, KnownEnvelope known) => Explain(Encoding.UTF8.GetBytes(message), known);

    private static Explanation Explain(byte[] message, KnownEnvelope known)
    {
        var options = new BackstopOptions
        {
            Domains = ["example.org"],
            Mailboxes = new() { ["me@example.org"] = new(), ["you@example.org"] = new() }
        };
        return new Explainer(options, Proving.Create(options, new SentMail(null, 0), []), TimeProvider.System)
            .Explain(new("-", message), known);
    }
}
