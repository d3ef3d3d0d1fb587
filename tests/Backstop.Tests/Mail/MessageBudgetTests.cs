using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.Tests.Server;

namespace Backstop.Tests.Mail;

/// <summary>One budget of work a message: what is over is given up, and nothing is decided by half of the work.</summary>
public sealed class MessageBudgetTests
{
    private const int Much = 1 << 20;

    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(1);

    private long _clock;

    [Fact]
    public void Work_is_given_up_when_the_budget_is_used_up()
    {
        var budget = Budget(10);
        var passes = 0;
        Assert.Equal("unjudged", budget.Run(() => Forever(ref passes), () => "unjudged"));
        Assert.Equal((true, false, 2), (budget.IsSpent, budget.IsBraked, passes));
    }

    /// <summary>A slow machine, or one that is busy, gives the same verdict.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(90)]
    public void Same_work_is_given_up_at_the_same_place_however_slow_the_machine_is(int millisecondsPerLook)
    {
        var budget = new MessageBudget(TimeSpan.FromMilliseconds(10), () => _tick * (_clock += millisecondsPerLook));
        var passes = 0;
        budget.Run(() => Forever(ref passes), () => "unjudged");
        Assert.Equal((2, false), (passes, budget.IsBraked));
    }

    [Fact]
    public void Time_that_nobody_counts_ends_at_the_brake()
    {
        var budget = new MessageBudget(TimeSpan.FromMilliseconds(10), () => _tick * (_clock += 10 * MessageBudget.BrakeFactor));
        var result = budget.Run(
            () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    MessageBudget.Charge(20_000);
                }

                return "judged";
            },
            () => "unjudged");
        Assert.Equal(("unjudged", true, true), (result, budget.IsSpent, budget.IsBraked));
    }

    [Fact]
    public void Nothing_begins_when_the_budget_is_used_up()
    {
        var budget = Spent();
        Assert.False(budget.IsSpent);
        Assert.Equal("unjudged", budget.Run(() => "judged", () => "unjudged"));
        Assert.True(budget.IsSpent);
    }

    [Fact]
    public void Parts_of_the_work_share_the_budget()
    {
        var budget = Budget(10);
        Assert.Equal("judged", budget.Run(() => { MessageBudget.Charge(Much); return "judged"; }, () => "unjudged"));

        Assert.Equal("unjudged", budget.Run(() => { MessageBudget.Charge(Much); return "judged"; }, () => "unjudged"));
    }

    [Fact]
    public void What_was_read_last_counts_though_it_is_little()
    {
        var budget = Budget(10);
        for (var i = 0; i < 1000; i++)
        {
            budget.Run(() => { MessageBudget.Charge(10_000); return 0; }, () => 0);
        }

        Assert.True(budget.IsSpent);
    }

    [Fact]
    public void A_spent_budget_ends_the_outermost_part()
    {
        var budget = Budget(0);
        var result = budget.Run(
            () => budget.Run(() => { MessageBudget.Charge(Much); return "inner"; }, () => "inner unjudged"), () => "outer unjudged");
        Assert.Equal("outer unjudged", result);
    }

    [Theory]
    [InlineData(50_000L * 50_000)]
    [InlineData(long.MaxValue)]
    public void Work_beyond_32_bits_is_no_gift(long work)
    {
        var budget = Budget(10);
        Assert.Equal("unjudged", budget.Run(() => { MessageBudget.Charge(work); return "judged"; }, () => "unjudged"));
    }

    [Fact]
    public void Nothing_is_counted_outside()
    {
        MessageBudget.Charge(Much);
        Assert.Equal(0, _clock);
    }

    [Fact]
    public void Rules_say_nothing_of_a_message_whose_time_is_used_up()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["rules.cf"], "header SUBJECT Subject =~ /x/\nscore SUBJECT 10\nbody BODY /nothing/\n");
        var scanner = new SpamScanner(RuleSet.LoadOrOwn([folder["rules.cf"]]));
        var spam = Encoding.ASCII.GetBytes("Subject: x\n\n" + new string('a', 40_000));
        Assert.True(scanner.ScanWhole(spam, null, MessageBudget.Unlimited()).Result.IsSpam);
        var result = scanner.ScanWhole(spam, null, Budget(0)).Result;
        Assert.Equal((true, false, 0.0, 0), (result.IsUnjudged, result.IsSpam, result.Score, result.Hits.Count));
    }

    [Fact]
    public void Bounce_whose_time_is_used_up_is_mail()
    {
        var bounce = Encoding.ASCII.GetBytes(ServerMail.BounceOf("x@example.org"));
        Assert.Equal(MailKind.Bounce, BounceClassifier.Classify(bounce, true, MessageBudget.Unlimited()).Kind);
        var report = BounceClassifier.Classify(bounce, true, Spent());
        Assert.Equal((MailKind.None, "its CPU budget is used up"), (report.Kind, report.EvidenceAgainst.Single()));
    }

    private static string Forever(ref int passes)
    {
        while (passes < 1000)
        {
            passes++;
            MessageBudget.Charge(Much);
        }

        return "judged";
    }

    private MessageBudget Budget(int milliseconds) => new(TimeSpan.FromMilliseconds(milliseconds), () => _tick * _clock++);

    private static MessageBudget Spent()
    {
        var budget = new MessageBudget(TimeSpan.FromTicks(1), static () => TimeSpan.Zero);
        budget.Run(() => { MessageBudget.Charge(10_000); return 0; }, () => 0);
        return budget;
    }
}
