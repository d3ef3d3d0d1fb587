using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>The ticket system's lines of the library's README, word for word; <see cref="ApiPageTests"/> compares.</summary>
public sealed class ReadmeTicketExample
{
    [Theory]
    [InlineData("trap-person-asks-about-a-bounce.eml", "someone@example.com", "open, may answer")]
    [InlineData("trap-null-sender-that-is-no-bounce.eml", "", "open")]
    [InlineData("trap-list-about-bounces.eml", "list-bounces@example.com", "open")]
    [InlineData("boiler-AG-0.eml", "shop@example.com", "open")]
    [InlineData("bounce-exim.eml", "", "T7: sam.reed@people7.example.com failed 5.1.1")]
    [InlineData("bounce-qmail.eml", "", "dropped a bounce")]
    [InlineData("autoreply-ticket-system.eml", "tickets@example.com", "dropped a autoreply")]
    [InlineData("bounce-challenge.eml", "", "dropped a challenge")]
    [InlineData("autoreply-german-no-header.eml", "kim@example.com", "open")]
    [InlineData("bounce-to-a-bounce-address.eml", "sam@example.com", "open")]
    [InlineData("own-mta-bounce.eml", "", "open")]
    [InlineData("postfix-postmaster-copy.eml", "double-bounce@example.org", "open")]
    [InlineData("fake-bounce-with-program.eml", "", "dropped a fake bounce")]
    [InlineData("mdn.eml", "", "dropped a mdn")]
    public void Example_decides_about_a_ticket(string mail, string sender, string decision)
    {
        var known = mail == "bounce-exim.eml" ? "T7" : "";
        var tickets = new Dictionary<string, string>(StringComparer.Ordinal) { ["7f3e21.19ab@example.org"] = known };
        var tests = Path.Combine(HouseRulesTests.Root(), "tests");
        var message = File.ReadAllBytes(Directory.EnumerateFiles(tests, mail, SearchOption.AllDirectories).First());
        var decided = "";
        var report = BounceClassifier.Classify(message, nullReversePath: sender.Length == 0);
        var ticket = tickets.GetValueOrDefault(report.Returned.MessageId ?? "", "");
        switch (report.Kind)
        {
            case MailKind.None when !report.IsFake:
                Open(message, mayAnswer: report.MayAnswer);
                break;
            case MailKind.Bounce or MailKind.Delay when ticket.Length > 0:
                Note(ticket, string.Join(", ", report.Recipients.Select(r => $"{r.Address} {r.Action} {r.Status}")));
                break;
            case not MailKind.None when !report.IsCertain || report.IsOwnServer:
                Open(message, mayAnswer: false);
                break;
            default:
                Drop(message, report.IsFake ? "fake bounce" : report.Kind.Word());
                break;
        }

        Assert.Equal(decision, decided);

        void Open(byte[] message, bool mayAnswer) => decided = mayAnswer ? "open, may answer" : "open";

        void Note(string ticket, string text) => decided = $"{ticket}: {text}";

        void Drop(byte[] message, string why) => decided = "dropped a " + why;
    }
}
