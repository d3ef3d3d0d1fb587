using System.Text;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>What one's own server tells its administrator is for him. Whose server it is, nobody else may say.</summary>
public sealed class OwnServerTests
{
    private const string Status = "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\nContent-Type: "
        + "message/delivery-status\n\nReporting-MTA: dns; mx.far.example\n\nFinal-Recipient: rfc822; gone@far.example\nAction: "
        + "failed\nStatus: 5.1.1\n--x--\n";

    [Theory]
    [InlineData("MAILER-DAEMON@example.org", "postmaster@example.org", "me@example.org", "bounce:own-server")]
    [InlineData("MAILER-DAEMON@web1.example.org", "root@web1.example.org", "me@example.org", "bounce:own-server")]
    [InlineData("MAILER-DAEMON@far.example", "me@example.org, postmaster@far.example", "me@example.org", "bounce:unproved")]
    [InlineData("MAILER-DAEMON@far.example", "postmaster@far.example", "me@example.org", "bounce:unproved")]
    [InlineData("MAILER-DAEMON@example.org", "postmaster@example.org, you@far.example", "me@example.org", "bounce:unproved")]
    [InlineData("MAILER-DAEMON@org.example", "root@org.example", "me@sub.org.example", "bounce:unproved")]
    [InlineData("me@example.org", "me@example.org", "me@example.org", "bounce:unproved")]
    [InlineData("MAILER-DAEMON@example.org", "me@example.org", "me@example.org", "bounce:unproved")]
    public void Own_server_is_of_the_recipient_s_domain_and_writes_to_its_administrator(string from, string to, string ours, string reason)
    {
        var report = BounceClassifier.Classify(
            Encoding.ASCII.GetBytes($"Return-Path: <>\nFrom: {from}\nTo: {to}\nSubject: Undelivered Mail\n{Status}"), null);
        Assert.Equal(reason, EmptyJudge.Decide(report, ours).Reason.Word);
    }
}
