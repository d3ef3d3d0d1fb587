using System.Text;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Reports;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Tests.SpamRules;

public class LearningTests
{
    private const string Rules = """
        bayes_min_spam_num 20
        bayes_min_ham_num 20
        body BAYES_00 eval:check_bayes('0.00', '0.01')
        body BAYES_99 eval:check_bayes('0.99', '1.00')
        tflags BAYES_00 nice learn
        tflags BAYES_99 learn
        score BAYES_00 0 0 -1.5 -1.9
        score BAYES_99 0 0 3.8 3.5
        header HEADER_BAD Subject =~ /prize/
        score HEADER_BAD 8
        body BODY_BAD /winner/
        score BODY_BAD 8
        """;

    // Two words alone leave more doubt than a hundredth, however often they were seen.
    private const string Spam = "cheap pills replica watches bargain discount";
    private const string Ham = "meeting minutes agenda budget schedule colleagues";

    private static readonly RuleSet _rules = RuleSet.Parse(Rules);

    private readonly SpamScanner _scanner = new(_rules, bayes: true);
    private readonly MemoryBayesStore _store = new();
    private readonly BayesLearner _learner;

    public LearningTests() => _learner = new(_rules, _store);

    [Fact]
    public void ItSpeaksOnceItHasSeenEnoughOfBoth()
    {
        Teach(19);
        Assert.False(_learner.IsReady);
        Assert.Null(_learner.Probability(Mail("cheap pills", 900)));
        Teach(30);
        Assert.True(_learner.IsReady);
        Assert.True(_learner.Probability(Mail(Spam + " wonder", 901)) > 0.95);
        Assert.True(_learner.Probability(Mail(Ham, 902)) < 0.05);
    }

    [Fact]
    public void WhatItSaysCountsAsTheRulesSay()
    {
        Teach(60);
        Assert.Contains("BAYES_99", Hits(Mail(Spam + " wonder", 901)));
        Assert.Contains("BAYES_00", Hits(Mail(Ham, 902)));
    }

    [Fact]
    public void AMessageIsLearnedOnceAndCanBeForgotten()
    {
        var mail = Mail("cheap pills", 1);
        Assert.True(_learner.Learn(mail, isSpam: true));
        Assert.False(_learner.Learn(mail, isSpam: true));
        Assert.Equal(new TokenCounts(1, 0), _learner.Messages);
        Assert.True(_learner.Learn(mail, isSpam: false));
        Assert.Equal(new TokenCounts(0, 1), _learner.Messages);
        Assert.True(_learner.Forget(mail));
        Assert.False(_learner.Forget(mail));
        Assert.Equal(new TokenCounts(0, 0), _learner.Messages);
    }

    [Fact]
    public void TheWayOfAMessageDoesNotMakeItANewOne()
    {
        Assert.True(_learner.Learn(Mail("cheap pills", 1), isSpam: true));
        Assert.False(_learner.Learn([.. "Received: from a by b; now\nX-Spam-Status: No\n"u8, .. Mail("cheap pills", 1)], isSpam: true));
    }

    /// <summary>As people sort it: with the filter's fields, a tag in its subject, or wrapped in a report.</summary>
    [Theory]
    [InlineData("report_safe 0", "prize")]
    [InlineData("report_safe 1", "prize")]
    [InlineData("report_safe 2", "prize")]
    [InlineData("report_safe 0", "lunch")]
    [InlineData("report_safe 0\nrewrite_header Subject [SPAM _SCORE_]", "prize")]
    public void TheFiltersMarksAreNotLearned(string how, string subject)
    {
        var rules = RuleSet.Parse($"{Rules}\n{how}\nadd_header all Status _YESNO_, score=_SCORE_\nadd_header all Checker-Version x");
        var (scanner, learner) = (new SpamScanner(rules), new BayesLearner(rules, _store));
        var mail = Encoding.ASCII.GetBytes(
            $"From: a@example.org\nSubject: {subject}\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nMessage-ID: "
                + $"<1@example.org>\n\nwinner\n\nand more\n");
        var marked = scanner.ScanWhole(mail).Rewrite(new("mx.example.org", "x", "no", DateTimeOffset.UnixEpoch));
        Assert.Contains("X-Spam-Checker-Version", Encoding.ASCII.GetString(marked), StringComparison.Ordinal);
        Assert.True(learner.Learn(marked, isSpam: true));
        Assert.False(learner.Learn(mail, isSpam: true));
        Assert.Equal(BayesLearner.Tokens(learner.Open(mail)).Order(), BayesLearner.Tokens(learner.Unmarked(marked)).Order());
    }

    /// <summary>A report that somebody hands on is his message: only what bears the filter's own field is taken apart.</summary>
    [Fact]
    public void WhatNoFilterMarkedIsLearnedAsItIs()
    {
        var mail = Encoding.ASCII.GetBytes(
            "Subject: look at this\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/plain\n\nwinner\n"
                + "--a\nContent-Type: message/rfc822; x-spam-type=original\n\nSubject: other\n\nprize\n--a--\n");
        Assert.Equal(BayesLearner.Tokens(_learner.Open(mail)).Order(), BayesLearner.Tokens(_learner.Unmarked(mail)).Order());
    }

    [Theory]
    [InlineData("X-Spam-Prev-Subject: a\nX-Spam-Prev-Subject: b\nX-Spam-Prev-: c\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=\"\"\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822; x-spam-type=original")]
    [InlineData("Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822; x-spam-type=original\n\n--a")]
    [InlineData(" folded before any field\n")]
    public void ForgedMarksDoNoHarm(string header) =>
        Assert.True(_learner.Learn(
            Encoding.ASCII.GetBytes($"X-Spam-Checker-Version: x\nSubject: prize\n{header}\n\nwinner\n"), isSpam: true));

    [Theory]
    [InlineData("prize", "winner", "spam")]
    [InlineData("prize", "nothing", "no")]
    [InlineData("hello", "nothing", "ham")]
    public void OnlyWhatLeavesNoDoubtIsLearnedByItself(string subject, string body, string learned)
    {
        var mail = Encoding.ASCII.GetBytes(
            $"From: a@example.org\nSubject: {subject}\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.org>\n\n{body}\n");
        Assert.Equal(learned, _scanner.ScanWhole(mail).AutoLearn(_learner));
    }

    /// <summary>A band holds its upper end and not its lower one, but for 0.</summary>
    [Theory]
    [InlineData(null, "")]
    [InlineData(0.0, "LOW")]
    [InlineData(0.5, "LOW")]
    [InlineData(0.5001, "HIGH")]
    [InlineData(0.99, "HIGH")]
    [InlineData(1.0, "TOP")]
    public void ProbabilityFallsIntoOneBand(double? probability, string hit)
    {
        var rules = RuleSet.Parse("""
            body LOW eval:check_bayes('0.00','0.50')
            body HIGH eval:check_bayes('0.50','0.99')
            body TOP eval:check_bayes('0.99','1.00')
            """);
        var scan = new MessageReader(rules.Settings).Open("Subject: x\n\nx\n");
        scan.BayesProbability = probability;
        Assert.Equal(hit, string.Join(' ', new SpamScanner(rules, bayes: true).Run(scan).Hits.Select(h => h.Name)));
    }

    [Fact]
    public void ItsProbabilityStandsInTheReport()
    {
        var rules = RuleSet.Parse($"{Rules}\nclear_report_template\nreport bayes=_BAYES_");
        var scanner = new SpamScanner(rules, bayes: true);
        var context = new ReportContext("mx", "x", "no", DateTimeOffset.UnixEpoch);
        var mail = Mail(Spam + " wonder", 901);
        string Report(BayesLearner? learner) => Encoding.ASCII.GetString(scanner.ScanWhole(mail, learner).Report(context));
        Teach(60);
        Assert.Equal("bayes=0.5\n\n", Report(null));
        Assert.Equal("bayes=1.0000\n\n", Report(_learner));
    }

    private void Teach(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _learner.Learn(Mail($"{Spam} wonder{i % 7} buy", i), isSpam: true);
            _learner.Learn(Mail($"{Ham} notes{i % 5} thanks", 1000 + i), isSpam: false);
        }
    }

    private IEnumerable<string> Hits(byte[] mail) => _scanner.ScanWhole(mail, _learner).Result.Hits.Select(h => h.Rule);

    private static byte[] Mail(string words, int number) =>
        Encoding.ASCII.GetBytes(
            $"From: a@example.org\nSubject: {words}\nMessage-ID: <{number}@example.org>\n\nHello {words} and some more {words}\n");
}
