using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Backscatter;

/// <summary>
/// Notices of scanners, answers by machine and challenges: what their words are said of decides, not the words, nor who bears a
/// scanner's name.
/// </summary>
public sealed class CertaintyOfNoticeTests
{
    private const string Answers = "\nIn-Reply-To: <sent@example.org>";

    public static TheoryData<string, string, string> Wanted => new()
    {

        {
            "a person with a scanner's name", "From: May Norton <may@far.example>\nSubject: Virus in the office",
            "Half of us are ill, and the virus was found in the kitchen too."
        },

        {
            "a restaurant, from nobody", "Return-Path: <>\nFrom: Golden Panda <orders@panda.example>\nSubject: Order 12",
            "Two portions are on their way."
        },

        {
            "a shop that sells scanners",
            "Return-Path: <shop@avast.example>\nFrom: Avast Antivirus <shop@avast.example>\nSubject: Antivirus renewal",
            "Your order of anti-virus software is renewed. Virus: none, price: 30."
        },

        {
            "a scanner of one's own disk",
            "Return-Path: <nas@home.example>\nFrom: Disk Station <nas@home.example>\nAuto-Submitted: auto-generated\nSubject: Virus found",
            "The nightly scan detected a virus: an infected file was quarantined."
        },

        {
            "a tracker of faults",
            "Return-Path: <bugs@far.example>\nFrom: bugs@far.example\nAuto-Submitted: auto-generated\nSubject: [Bug 7] scanner",
            "The upload was infected with Eicar and has been quarantined."
        },

        {
            "a laboratory, from nobody", "Return-Path: <>\nFrom: Lab <noreply@lab.example>\nSubject: Results",
            "Virus: Influenza A. Virus type: H1. Please call us."
        },

        {
            "a laboratory at a scanner's address", "Return-Path: <>\nFrom: Virus lab <virus@lab.example>\nSubject: Results",
            "Virus type: H1. Please call us."
        },

        {
            "a postmaster's warning",
            "Return-Path: <postmaster@uni.example>\nFrom: Antivirus team <postmaster@uni.example>\nSubject: Virus found",
            "A virus was found in a file share. Change your password."
        },

        {
            "a school, by machine",
            "Return-Path: <office@school.example>\nFrom: School <office@school.example>\nAuto-Submitted: auto-generated\nSubject: Out "
                + "of Office: Mr Hale",
            "Mr Hale will be out of the office. Lessons are given by Ms Orr."
        },

        {
            "a leave that a calendar tells, from nobody",
            "Return-Path: <>\nFrom: Leave <hr@firm.example>\nSubject: Out of Office: J. Orr",
            "J. Orr is out of the office from Monday on."
        },

        {
            "a person answers in a ticket system",
            "Return-Path: <help@shop.example>\nFrom: Dana <help@shop.example>\nAuto-Submitted: "
                + "auto-generated\nX-Auto-Response-Suppress: All\nSubject: [Ticket 5] Lamp"
                + Answers,
            "Thank you for contacting us. We have received your message, and the lamp takes 7 W bulbs."
        },

        {
            "a code for one use, from nobody", "Return-Path: <>\nFrom: Bank <noreply@bank.example>\nSubject: Your code",
            "Your one-time verification code is 112233."
        },

        {
            "a sign-up, from nobody",
            "Return-Path: <>\nFrom: Forum <noreply@forum.example>\nSubject: Please confirm your email to finish",
            "Click to verify you are human. You only need to do this once."
        },

        {
            "a payment that is held, from nobody",
            "Return-Path: <>\nFrom: Bank <noreply@bank.example>\nSubject: A payment needs your confirmation",
            "A payment has been held. You must verify it."
        },

        {
            "a program's field alone", "Return-Path: <a@juno.example>\nFrom: Al <a@juno.example>\nX-UOL-TAGLINE: true\nSubject: Sunday",
            "See you at ten. Al"
        },

        {
            "a challenge's field alone",
            "Return-Path: <a@far.example>\nFrom: Al <a@far.example>\nX-Challenge-Cup: 2026\nSubject: Sunday", "See you at ten. Al"
        },

        {
            "a cloud's alarm",
            "Return-Path: <a@far.example>\nFrom: Alarms <no-reply@sns.example>\nx-amz-sns-message-id: 1\nSubject: ALARM: cpu",
            "State changed to ALARM."
        },
    };

    public static TheoryData<string, string, string, string> Notices => new()
    {

        {
            "a scanner at a mail server's address", "Return-Path: <>\nFrom: MailScanner <postmaster@far.example>\nSubject: Rhybudd",
            "Email Virus Scanner", "virus-notice"
        },

        {
            "a scanner's program about the reader's mail",
            "Return-Path: <gate@far.example>\nFrom: gate@far.example\nX-Mailer: GWAVA 4\nSubject: Virus found",
            "A message you sent was infected with W32/A.", "virus-notice"
        },

        {
            "a nameless server about the reader's mail", "Return-Path: <>\nFrom: Gate <gate@far.example>\nSubject: Virus found",
            "Your message to you@far.example was infected with W32/A.", "virus-notice"
        },

        {
            "a prefix before what it answers",
            "Return-Path: <>\nFrom: Otto <otto@far.example>\nAuto-Submitted: auto-generated\nSubject: Automatic reply: hello" + Answers,
            "I am away.", "autoreply"
        },

        {
            "a ticket's number at once",
            "Return-Path: <help@shop.example>\nFrom: Help <help@shop.example>\nAuto-Submitted: auto-generated\nSubject: Ticket "
                + "Received - hello"
                + Answers,
            "We have received your request and a ticket was created.", "autoreply"
        },

        {
            "a challenge to mail of the reader's",
            "Return-Path: <c@far.example>\nFrom: Guard <c@far.example>\nSubject: Please confirm your message\nIn-Reply-To: "
                + "<spam@elsewhere.example>",
            "Your mail to you@far.example is being held because you are new here. Prove you are human.", "challenge"
        },

        {
            "a challenge from nobody about the reader's message",
            "Return-Path: <>\nFrom: Guard <c@far.example>\nSubject: Please confirm your message",
            "Your message is being held because you are new here.", "challenge"
        },

        {
            "a challenge's field and an answer",
            "Return-Path: <c@far.example>\nFrom: Guard <c@far.example>\nX-Boxtrapper: 1\nSubject: hello" + Answers, "Write back once.",
            "challenge"
        },
    };

    [Theory]
    [MemberData(nameof(Wanted))]
    public void Mail_like_a_notice_is_delivered(string label, string header, string body) =>
        Assert.True(
            Decide(header, body, out var report).Action == VerdictAction.Deliver,
            $"{label}: {report.Kind} {string.Join(", ", report.Evidence)}");

    [Theory]
    [MemberData(nameof(Notices))]
    public void A_notice_about_the_reader_s_mail_is_filed(string label, string header, string body, string kind)
    {
        var verdict = Decide(header, body, out var report);
        Assert.True(
            verdict.Reason.Word == kind + ":unproved",
            $"{label}: {verdict.Reason} {string.Join(", ", report.Evidence)} against {string.Join(", ", report.EvidenceAgainst)}");
    }

    /// <summary>The prefix alone is named, whatever its language; a person's prefix is not.</summary>
    [Theory]
    [InlineData("Qqqqqq wwww: hello", Answers, "autoreply:unsure")]
    [InlineData("Re: hello", Answers, "mail")]
    [InlineData("Qqqqqq wwww: hello", "", "mail")]
    [InlineData("Qqqqqq wwww:", Answers, "mail")]
    [InlineData("Automatic reply: hello", "", "autoreply:unsure")]
    [InlineData("Automatic reply:", Answers, "mail")]
    public void A_prefix_from_nobody_is_named(string subject, string answers, string reason) =>
        Assert.Equal(
            reason,
            Decide($"Return-Path: <>\nFrom: Reza <reza@far.example>\nSubject: {subject}{answers}", "Zzzz xxxx.", out _).Reason.Word);

    private static Verdict Decide(string header, string body, out BounceReport report)
    {
        report = BounceClassifier.Classify(
            Encoding.UTF8.GetBytes($"{header}\nTo: me@example.org\nMessage-ID: <m1@far.example>\n\n{body}\n"), null);
        return EmptyJudge.Decide(report);
    }
}
