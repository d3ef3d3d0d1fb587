using System.Text;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>Memory is bounded by the message, whatever it holds: four times the message, at most about four times the memory.</summary>
public sealed class ClassifierCostTests
{
    private const int Small = 16 << 10;
    private const int Large = 64 << 10;

    // What does not grow with the message: lists, the first use of a table.
    private const long Slack = 200 << 10;

    public static TheoryData<string, string> Shapes => new()
    {
        { "From: mailer-daemon@b.c\n\n", "550 5.1.1 user unknown <a@b.c>\n" },
        { "From: mailer-daemon@b.c\n\n", "> From: a@b.c\n> To: d@e.f\n" },
        { "From: mailer-daemon@b.c\nContent-Type: text/html\n\n", "<p><b><a@b.c>&amp;" },
        { "From: mailer-daemon@b.c\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: text/plain\n\nx\n" },
        { "Content-Type: message/delivery-status\n\n", "Final-Recipient: rfc822; a@b.c\nAction: failed\nStatus: 5.1.1\n\n" },
        { "From: mailer-daemon@b.c\nReferences: ", "<a@b.c> " },
        { "From: mailer-daemon@b.c\nSubject: ", "=?utf-8?q?a?= " },
        { "Return-Path: <>\nX-Failed-Recipients: ", "a@b.c, " },

        {
            "x-amz-sns-message-id: 1\n\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[",
            "{\"emailAddress\":\"a@b.c\"},"
        },
        { "From: mailer-daemon@b.c\n\n", "Message ID: a: Message-ID:\n" },
        { "From: a@b.c\n\n", "ordinary mail of many words " },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Memory_grows_no_faster_than_the_message(string start, string repeated)
    {
        Allocated(start, repeated, Small);
        var small = Allocated(start, repeated, Small);
        var large = Allocated(start, repeated, Large);
        Assert.True(large <= (small * 5) + Slack, $"{Small >> 10} KiB take {small >> 10} KiB, {Large >> 10} KiB take {large >> 10} KiB");
        Assert.True(large <= Large * 40L + Slack, $"{Large >> 10} KiB take {large >> 10} KiB");
    }

    private static long Allocated(string start, string repeated, int size)
    {
        var message = Encoding.ASCII.GetBytes(start + string.Concat(Enumerable.Repeat(repeated, size / repeated.Length)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        BounceClassifier.Classify(message, null);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
