using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>What servers say, and what it means for the address.</summary>
public sealed class BounceClassTests
{
    [Theory]
    // Gmail
    [InlineData(
        "hard", "mailbox-unknown",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the address 550 "
            + "5.1.1 example.17 - gsmtp")]
    [InlineData(
        "hard", "mailbox-disabled", "550-5.2.1 The email account that you tried to reach is inactive. 550 5.2.1 example.17 - gsmtp")]
    [InlineData("soft", "mailbox-full", "452-4.2.2 The recipient's inbox is out of storage space. 452 4.2.2 example.17 - gsmtp")]
    [InlineData("soft", "mailbox-full", "552-5.2.2 The email account that you tried to reach is over quota. 552 5.2.2 example.17 - gsmtp")]
    [InlineData(
        "soft", "rate",
        "450-4.2.1 The user you are trying to contact is receiving mail at a rate that 450-4.2.1 prevents additional messages from "
            + "being delivered. 450 4.2.1 example - gsmtp")]
    [InlineData(
        "soft", "rate",
        "421-4.7.28 Our system has detected an unusual rate of unsolicited mail from your IP address. 421 4.7.28 example - gsmtp")]
    [InlineData("soft", "rate", "550 5.4.5 Daily user sending quota exceeded. example - gsmtp")]
    [InlineData(
        "soft", "policy",
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated. 550-5.7.26 SPF [mx.example.org] = did not pass "
            + "550 5.7.26 example - gsmtp")]
    [InlineData("soft", "policy", "550-5.7.25 The IP address sending this message does not have a PTR record. 550 5.7.25 example - gsmtp")]
    [InlineData(
        "soft", "reputation",
        "550-5.7.1 [192.0.2.1] this message is suspicious due to the very low reputation of the 550-5.7.1 sending domain. 550 5.7.1 "
            + "example - gsmtp")]
    [InlineData("soft", "content", "550-5.7.1 [192.0.2.1] this message is likely unsolicited mail. 550 5.7.1 example - gsmtp")]
    [InlineData(
        "soft", "content",
        "552-5.7.0 This message was blocked because its content presents a potential 552-5.7.0 security issue: attachment. 552 5.7.0 "
            + "example - gsmtp")]
    [InlineData("soft", "message-size", "552-5.3.4 Your message exceeded Google's message size limits. 552 5.3.4 example - gsmtp")]
    [InlineData(
        "hard", "dns",
        "DNS Error: DNS type 'mx' lookup of nowhere.example responded with code NXDOMAIN Domain name not found: nowhere.example")]
    // Microsoft 365, Outlook.com, Exchange
    [InlineData("hard", "mailbox-unknown", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")]
    [InlineData("hard", "mailbox-unknown", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found")]
    [InlineData(
        "hard", "mailbox-unknown",
        "550 5.4.1 [someone@example.com]: Recipient address rejected: Access denied. [EXAMPLE.prod.protection.outlook.com]")]
    [InlineData("hard", "mailbox-unknown", "550 5.5.0 Requested action not taken: mailbox unavailable")]
    [InlineData("soft", "mailbox-full", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException")]
    [InlineData("soft", "policy", "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required")]
    [InlineData("soft", "policy", "550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification")]
    [InlineData("soft", "policy", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required")]
    [InlineData("soft", "policy", "550 5.1.8 Access denied, bad outbound sender AS(42003)")]
    [InlineData("soft", "reputation", "550 5.7.606 Access denied, banned sending IP [192.0.2.1].")]
    [InlineData("soft", "reputation", "550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus.")]
    [InlineData(
        "soft", "reputation",
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list (S3140).")]
    [InlineData("soft", "rate", "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.")]
    [InlineData("soft", "rate", "550 5.2.121 Recipient's per hour message receive limit from specific sender exceeded.")]
    [InlineData("soft", "message-size", "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient")]
    [InlineData("soft", "network", "554 5.4.14 Hop count exceeded - possible mail loop ATTR34")]
    [InlineData("soft", "expired", "550 5.4.316 Message expired, connection refused(Socket error code 10061)")]
    [InlineData("soft", "expired", "550 4.4.7 QUEUE.Expired; message expired")]
    [InlineData("hard", "dns", "550 5.4.310 DNS domain nowhere.example does not exist [Message=InfoDomainNonexistent]")]
    [InlineData("soft", "relay-denied", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain")]
    // Yahoo, AOL
    [InlineData(
        "hard", "mailbox-unknown",
        "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0] - mta1.mail.example.yahoo.com")]
    [InlineData(
        "hard", "mailbox-disabled", "554 30 Sorry, your message to a@yahoo.com cannot be delivered. This mailbox is disabled (554.30)")]
    [InlineData("soft", "mailbox-full", "552 1 Sorry, your message to a@yahoo.com cannot be delivered. This mailbox is over quota.")]
    [InlineData(
        "soft", "rate", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints")]
    [InlineData("soft", "policy", "554 5.7.9 Message not accepted for policy reasons.")]
    [InlineData(
        "soft", "reputation", "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list")]
    // Postfix
    [InlineData(
        "hard", "mailbox-unknown",
        "550 5.1.1 <a@example.com>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)")]
    [InlineData(
        "soft", "mailbox-unknown",
        "450 4.1.1 <a@example.com>: Recipient address rejected: unverified address: host mx.example.com said: 550 no such user")]
    [InlineData("soft", "rate", "450 4.2.0 <a@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example/help")]
    [InlineData("soft", "policy", "554 5.7.1 <a@example.com>: Recipient address rejected: Access denied")]
    [InlineData("soft", "policy", "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]")]
    [InlineData("soft", "policy", "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname")]
    [InlineData("soft", "policy", "450 4.1.8 <me@nowhere.example>: Sender address rejected: Domain not found")]
    [InlineData("soft", "relay-denied", "554 5.7.1 <a@example.com>: Relay access denied (in reply to RCPT TO command)")]
    [InlineData("soft", "reputation", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org")]
    [InlineData("soft", "reputation", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example.net; listed")]
    [InlineData("soft", "message-size", "552 5.3.4 Message size exceeds fixed limit")]
    [InlineData("soft", "network", "connect to mx.example.com[192.0.2.9]:25: Connection refused")]
    [InlineData("soft", "network", "452 4.3.1 Insufficient system storage")]
    [InlineData("soft", "network", "lost connection with mx.example.com[192.0.2.9] while sending RCPT TO")]
    [InlineData("hard", "dns", "Host or domain name not found. Name service error for name=nowhere.example type=A: Host not found")]
    [InlineData("soft", "dns", "Name service error for name=slow.example type=MX: Host not found, try again")]
    [InlineData("hard", "dns", "556 5.1.10 Domain nowhere.example does not accept mail (nullMX)")]
    [InlineData("soft", "content", "554 5.7.1 id=1-2 - Message rejected as spam")]
    // Exim
    [InlineData("hard", "mailbox-unknown", "Unrouteable address")]
    [InlineData("hard", "dns", "all relevant MX records point to non-existent hosts")]
    [InlineData("soft", "mailbox-full", "mailbox is full: retry timeout exceeded")]
    [InlineData("soft", "expired", "retry timeout exceeded")]
    [InlineData("soft", "policy", "550-Verification failed for <me@example.org> 550 Sender verify failed")]
    [InlineData("soft", "relay-denied", "550 relay not permitted")]
    [InlineData("soft", "content", "550 This message contains a virus (Eicar-Test-Signature).")]
    // Sendmail
    [InlineData("hard", "mailbox-unknown", "550 5.1.1 <a@example.com>... User unknown")]
    [InlineData("hard", "dns", "550 5.1.2 <a@nowhere.example>... Host unknown (Name server: nowhere.example: host not found)")]
    [InlineData("soft", "relay-denied", "550 5.7.1 <a@example.com>... Relaying denied. Proper authentication required.")]
    [InlineData("soft", "policy", "553 5.1.8 <me@nowhere.example>... Domain of sender address me@nowhere.example does not exist")]
    [InlineData("soft", "network", "554 5.3.5 Local configuration error")]
    [InlineData("soft", "expired", "Message could not be delivered for 5 days. Status 4.4.7")]
    // qmail
    [InlineData("hard", "mailbox-unknown", "Sorry, no mailbox here by that name. (#5.1.1)")]
    [InlineData("hard", "dns", "Sorry, I couldn't find any host named nowhere.example. (#5.1.2)")]
    [InlineData("soft", "relay-denied", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)")]
    [InlineData("soft", "network", "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)")]
    // Proofpoint, Mimecast, Barracuda
    [InlineData("soft", "reputation", "554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1")]
    [InlineData("soft", "policy", "550 5.7.0 Local Policy Violation")]
    [InlineData("hard", "mailbox-unknown", "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [abc.uk1]")]
    [InlineData("soft", "policy", "550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550")]
    [InlineData(
        "soft", "rate",
        "451 Internal resources are temporarily unavailable, greylisted - https://community.mimecast.com/docs/DOC-1369#451")]
    [InlineData(
        "soft", "reputation", "550 permanent failure: blocked by barracuda http://www.barracudacentral.org/reputation?ip=192.0.2.1")]
    // iCloud, T-Online, GMX, Zoho, Proton, Orange, Amazon SES
    [InlineData("hard", "mailbox-unknown", "550 5.1.1 <a@icloud.com>: user does not exist")]
    [InlineData("soft", "mailbox-full", "552 5.2.2 <a@icloud.com>: user is over quota")]
    [InlineData("soft", "policy", "554 5.7.1 [HM08] Message rejected due to local policy.")]
    [InlineData("soft", "reputation", "554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help. (BL)")]
    [InlineData("soft", "mailbox-full", "552 5.2.2 <a@t-online.de> Quota exceeded (mailbox for user is full)")]
    [InlineData(
        "soft", "policy",
        "554-gmx.net (mxgmx001) Nemesis ESMTP Service not available 554-No SMTP service 554-Bad DNS PTR resource record. 554 For "
            + "explanation visit https://postmaster.gmx.example")]
    [InlineData(
        "soft", "policy",
        "550-Requested action not taken: mailbox unavailable 550-Reject due to policy restrictions. 550 For explanation visit "
            + "https://postmaster.gmx.example")]
    [InlineData("hard", "mailbox-unknown", "550 5.1.1 User does not exist - <a@zoho.example>")]
    [InlineData("soft", "rate", "550 5.4.6 Unusual sending activity detected. Please try after sometime")]
    [InlineData("hard", "mailbox-unknown", "550 5.1.1 <a@proton.example>: Recipient address rejected: Address does not exist")]
    [InlineData("soft", "policy", "550 5.7.1 Rejected: the sender's DMARC policy")]
    [InlineData(
        "soft", "reputation",
        "421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Blocked IP 192.0.2.1. OFR004_104")]
    [InlineData("hard", "dns", "550 5.4.4 Invalid domain")]
    [InlineData(
        "soft", "expired",
        "554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.0 Unable to lookup DNS for nowhere.example>")]
    // Anybody
    [InlineData("hard", "unknown", "554 5.0.0 Rejected")]
    [InlineData("soft", "unknown", "451 4.0.0 Come back")]
    [InlineData("soft", "unknown", "No.")]
    [InlineData("soft", "policy", "550 5.7.1")]
    [InlineData("soft", "content", "554 5.6.0 Corrupt message content")]
    [InlineData("soft", "rate", "452 4.5.3 Too many recipients")]
    [InlineData("soft", "policy", "535 5.7.8 Error: authentication failed: unknown user or wrong password")]
    [InlineData("hard", "mailbox-disabled", "550 5.7.1 This account has been suspended")]
    public void Reply_gives_class_and_reason(string word, string reason, string said)
    {
        var found = Of(said).Class;
        Assert.NotNull(found);
        Assert.Equal((word, reason), (found.Word, found.Reason.Word()));
        Assert.True(found.Evidence.Count > 0 || reason == "unknown", said);
    }

    [Theory]
    [InlineData("5.2.2", "550 no", "status 5.2.2")]
    [InlineData("5.1.1", "550 gone", "status 5.1.1")]
    [InlineData("5.0.0", "552 Mailbox\r\n  full", "reply says \"mailbox full\"")]
    [InlineData("5.0.0", "550 5.1.1 gone", "status 5.1.1")]
    [InlineData("5.7.1", "550 relaying denied", "reply says \"relaying\"")]
    [InlineData("5.7.1", "550 No such user", "reply says \"no such user\"; status 5.7.1")]
    [InlineData("5.0.0", "550 no", "status 5.0.0")]
    [InlineData("nonsense", "no", "")]
    public void Evidence_is_what_decided(string status, string said, string evidence) =>
        Assert.Equal(evidence, string.Join("; ", new ReportedRecipient("a@example.com", "failed", status, said).Class!.Evidence));

    [Fact]
    public void A_status_inferred_from_words_is_called_so() =>
        Assert.Equal(
            "status 5.2.2 (inferred)",
            string.Join(
                "; ",
                new ReportedRecipient("a@example.com", "failed", "5.2.2", "no") { StatusSource = StatusSource.Inferred }.Class!.Evidence));

    [Fact]
    public void A_delay_is_soft_whatever_it_says()
    {
        var found = new ReportedRecipient("a@example.com", "delayed", "5.1.1", "550 5.1.1 user unknown").Class!;
        Assert.Equal((false, BounceReason.MailboxUnknown), (found.IsHard, found.Reason));
        Assert.Contains("action delayed", found.Evidence);
    }

    [Theory]
    [InlineData("delivered")]
    [InlineData("relayed")]
    [InlineData("expanded")]
    public void What_arrived_has_no_class(string action) =>
        Assert.Null(new ReportedRecipient("a@example.com", action, "2.0.0", "250 ok").Class);

    /// <summary>Words are words: not parts of longer ones, of addresses or of host names, except where the table says so.</summary>
    [Theory]
    [InlineData("550 5.0.0 <spam@example.com> no")]
    [InlineData("550 5.0.0 mx.spam.example says no")]
    [InlineData("550 5.0.0 spam-filter.example says no")]
    [InlineData("550 5.0.0 see https://example.com/spam")]
    [InlineData("550 5.0.0 <quota@example.com> no")]
    [InlineData("550 5.0.0 spfx")]
    public void Words_inside_names_give_no_reason(string said) => Assert.Equal(BounceReason.Unknown, Of(said).Class!.Reason);

    private static ReportedRecipient Of(string said)
    {
        var (status, source) = StatusWords.Of(said, "failed");
        return new("a@example.com", "failed", status, said) { StatusSource = source };
    }
}
