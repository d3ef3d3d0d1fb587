using System.Text;
using Backstop.Mail;

namespace Backstop.Tests.Mail;

/// <summary>What a message without a Message-ID is known again by when its Sent folder is imported once more.</summary>
public sealed class SentHeaderTests
{
    private const string Mail =
        "From: me@example.org\nTo: you@example.com,\n they@example.com\nDate: Mon, 30 Nov 2026 08:00:00 +0000\nSubject: x\n";

    [Fact]
    public void Digest_is_for_messages_without_an_id_only()
    {
        Assert.NotNull(Read(Mail).Digest);
        Assert.NotNull(Read("Message-ID: <>\n" + Mail).Digest);
        Assert.Null(Read("Message-ID: <1@example.org>\n" + Mail).Digest);
    }

    /// <summary>The same mail from IMAP, and from an mbox after a mail program has looked at it.</summary>
    [Theory]
    [InlineData(
        "line ends",
        "From: me@example.org\r\nTo: you@example.com,\r\n they@example.com\r\nDate: Mon, 30 Nov 2026 08:00:00 +0000\r\nSubject: x\r\n")]
    [InlineData("marks", Mail + "Status: RO\nX-UID: 7\nContent-Length: 5\n")]
    public void Digest_is_the_same_however_the_message_is_kept(string label, string again) =>
        Assert.True(Read(Mail).Digest == Read(again).Digest, label);

    [Theory]
    [InlineData("Subject: x", "Subject: y")]
    [InlineData("08:00:00", "08:00:01")]
    [InlineData("they@", "thus@")]
    [InlineData("Subject: x\n", "Subject: x\nStatus-Report: 1\n")]
    public void Digest_of_another_message_is_another(string was, string becomes) =>
        Assert.NotEqual(Read(Mail).Digest, Read(Mail.Replace(was, becomes, StringComparison.Ordinal)).Digest);

    private static SentHeader Read(string header) => SentHeader.Read(Encoding.UTF8.GetBytes(header + "\ntext\n"));
}
