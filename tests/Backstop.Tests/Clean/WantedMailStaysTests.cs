using System.Text;
using Backstop.Clean;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Tests.Backscatter.WantedMail;

namespace Backstop.Tests.Clean;

/// <summary>
/// <c>clean --no-sent</c> over a mailbox of wanted mail and backscatter: it knows nothing of what was sent and moves no wanted
/// mail.
/// </summary>
public sealed class WantedMailStaysTests
{
    private static readonly DateTimeOffset _arrival = new(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);

    private readonly CleanJudge _judge;

    public WantedMailStaysTests()
    {
        var sent = new SentMail(null, 0);
        var options = new BackstopOptions();
        _judge = new(
            new StoredJudge(options, Proving.Create(options, sent, []), asksWhoTo: false), sent, believesHosts: false, needsSent: false);
    }

    [Fact]
    public void No_wanted_mail_is_in_the_backscatter_pile() => Assert.Empty(
        WantedMails.From(17).Where(w =>
            PileOf(Encoding.Latin1.GetBytes($"Return-Path: <{w.Path}>\r\n{w.Content}")) == Pile.Backscatter).Select(w => w.Name)
            .Concat(
            Cases(r => r[1] == "none" || r[0] == "own-mta-bounce").Where(c => PileOf(c.Octets) == Pile.Backscatter).Select(c => c.Name)));

    [Fact]
    public void Bounces_of_the_cases_are_in_it()
    {
        // What nothing but its words shows stays: two of these have neither <> nor a server's name.
        var bounces = Cases(r => r[1] == "bounce" && r[0] != "own-mta-bounce").ToList();
        Assert.InRange(bounces.Count(b => PileOf(b.Octets) == Pile.Backscatter), bounces.Count - 4, bounces.Count);
    }

    private static IEnumerable<(string Name, byte[] Octets)> Cases(Func<string[], bool> wanted)
    {
        var folder = Path.Combine(HouseRulesTests.Root(), "tests", "bounce-cases");
        return File.ReadLines(Path.Combine(folder, "cases.tsv")).Skip(1).Select(l => l.Split('\t')).Where(wanted)
            .Select(r => (r[0], File.ReadAllBytes(Path.Combine(folder, "mails", r[0] + ".eml"))));
    }

    private Pile PileOf(byte[] message) => _judge.Judge(message, _arrival, isMarked: false).Pile;
}
