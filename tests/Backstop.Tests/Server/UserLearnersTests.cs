using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Server.Filters;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>One learner a user or domain, of which a few are open at once.</summary>
public sealed class UserLearnersTests : IDisposable
{
    private const string Rules = "bayes_min_spam_num 1\nbayes_min_ham_num 1\nbody A /cheap/\nscore A 1\n"
        + "body BAYES_99 eval:check_bayes('0.9','1.00')\ntflags BAYES_99 learn\nscore BAYES_99 0 0 3 3\n";

    private static readonly byte[] _spam = "From: a@b.test\nSubject: s\n\ncheap watches and pills\n"u8.ToArray();
    private static readonly byte[] _ham = "From: c@d.test\nSubject: h\n\nminutes of the meeting\n"u8.ToArray();

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 8, 0, 0, TimeSpan.Zero));
    private readonly LogLines _lines = new();
    private readonly BackstopOptions _options;
    private readonly MemoryBayesStore _site = new();
    private readonly SpamEngine _engine;

    public UserLearnersTests()
    {
        _options = new() { Data = _folder["data"], Domains = ["example.org"] };
        _options.Mailboxes["alice@example.org"] = new();
        _options.Mailboxes["bob@example.org"] = new();
        _options.Spam.BayesStore = LearnerScope.User;
        _engine = SpamEngine.Compile(RuleSet.Parse(Rules), _options, _site, _time);
    }

    public void Dispose()
    {
        _lines.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Each_user_is_asked_by_what_he_taught()
    {
        using var users = Users();
        Teach(users, "alice@example.org");
        Assert.Contains("BAYES_99", Hits(users, "alice@example.org"));
        Assert.Contains("BAYES_99", Hits(users, "ALICE@example.org"));
        Assert.DoesNotContain("BAYES_99", Hits(users, "bob@example.org"));
        Assert.DoesNotContain("BAYES_99", Hits(users, ""));
        Assert.Equal(default, _site.Messages);
        Assert.Equal([_folder["data/bayes/alice@example.org.db"]], Directory.GetFiles(_folder["data/bayes"], "*.db"));
    }

    [Fact]
    public void A_domain_has_one_for_all_its_users()
    {
        _options.Spam.BayesStore = LearnerScope.Domain;
        using var users = Users();
        Teach(users, "alice@example.org");
        Assert.Contains("BAYES_99", Hits(users, "bob@Example.ORG"));
        Assert.DoesNotContain("BAYES_99", Hits(users, "bob@example.net"));
        Assert.Equal([_folder["data/bayes/@example.org.db"]], Directory.GetFiles(_folder["data/bayes"], "*.db"));
    }

    /// <summary>Clients may name any user: strangers fill no disk.</summary>
    [Theory]
    [InlineData("eve@example.net")]
    [InlineData("../../alice@example.org")]
    [InlineData("root")]
    public void Who_is_not_known_teaches_the_site(string user)
    {
        using var users = Users();
        Teach(users, user);
        Assert.Equal(new(1, 1), _site.Messages);
        Assert.False(Directory.Exists(_folder["data/bayes"]));
    }

    [Fact]
    public void The_table_of_users_says_who_has_one()
    {
        _options.Spam.Users = ["eve@example.net", "carol"];
        using var users = Users();
        Teach(users, "eve@example.net");
        Teach(users, "carol");
        Assert.Equal(default, _site.Messages);
        Teach(users, "alice@example.org");
        Assert.Equal(new(1, 1), _site.Messages);
        Assert.Contains(_lines.All, l => l.Contains("spam.users does not list it", StringComparison.Ordinal));
    }

    [Fact]
    public void No_more_are_open_than_the_limit_and_none_is_closed_in_use()
    {
        _options.Spam.OpenLearners = 2;
        using var learners = new UserLearners(_options, _time, _lines);
        using (var held = learners.Rent("user0", creates: true))
        {
            for (var i = 1; i < 10; i++)
            {
                using var lease = learners.Rent($"user{i}", creates: true);
                Assert.True(lease!.Store.Learn("m", true, [1]));
            }

            Assert.Equal(2, learners.Count);
            Assert.True(held!.Store.Learn("m", true, [1]));
        }

        using var again = learners.Rent("user3", creates: false);
        Assert.Equal(new(1, 0), again!.Store.Messages);
        Assert.Null(learners.Rent("nobody", creates: false));
    }

    [Fact]
    public void A_damaged_one_is_set_aside_and_begun_anew()
    {
        var path = Path.Combine(DataPaths.UserBayes(_options), "alice@example.org.db");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("no database ", 1000)));
        using var users = Users();
        Teach(users, "alice@example.org");
        Assert.Contains("BAYES_99", Hits(users, "alice@example.org"));
        Assert.Single(Directory.GetFiles(DataPaths.UserBayes(_options), "alice@example.org.db.damaged-*Z"));
        Assert.Contains(_lines.All, l => l.Contains("was damaged", StringComparison.Ordinal));
    }

    /// <summary>Mail is scored even where a user's learner can never be opened.</summary>
    [Fact]
    public void Where_there_can_be_no_folder_mail_is_scored_without_a_learner()
    {
        Directory.CreateDirectory(_folder["data"]);
        File.WriteAllText(_folder["data/bayes"], "in the way");
        using var users = Users();
        using var turn = users.Begin("alice@example.org", _engine, learns: true);
        Assert.False(turn.Speaks);
        Assert.Equal(1, turn.Scanner.Scan(_spam).Score);
        Assert.False(turn.Learner!.Learn(_spam, isSpam: true));
        Assert.NotEmpty(_lines.All);
    }

    /// <summary>
    /// With a limit of his own a user would decide what everybody's learner takes for wanted mail, with points of his own what for spam.
    /// </summary>
    [Theory(Timeout = 60_000)]
    [InlineData("Site", "alice@example.org", "disabled")]
    [InlineData("Domain", "alice@example.org", "disabled")]
    [InlineData("User", "alice@example.org", "ham")]
    [InlineData("Site", "bob@example.org", "no")]
    public async Task Only_a_users_own_learner_learns_by_his_preferences(string scope, string user, string word)
    {
        _options.Spam.BayesStore = Enum.Parse<LearnerScope>(scope);
        (_options.Spam.AutoLearn, _options.Spam.Enabled) = (true, true);
        (_options.Spam.UserPrefs, _options.Spam.Rules) = (_folder["%u"], [_folder["rules.cf"]]);
        File.WriteAllText(_folder["rules.cf"], Rules);
        File.WriteAllText(_folder["alice@example.org"], "bayes_auto_learn_threshold_nonspam 50\nrequired_score 90\n");
        Directory.CreateDirectory(_options.Data);
        using var logs = LoggerFactory.Create(l => l.AddProvider(_lines));
        using var filter = new SpamFilter(SpamStart.Begin(_options, _time), _options, _time, logs.CreateLogger<SpamFilter>());
        var result = await filter.ScanAsync(_spam, user, MessageBudget.Unlimited(), TestContext.Current.CancellationToken);
        Assert.Equal(word, result.AutoLearn);
    }

    [Fact]
    public void No_user_switches_on_a_learner_that_the_site_has_switched_off()
    {
        _options.Spam.UserPrefs = _folder["%u"];
        File.WriteAllText(_folder["alice@example.org"], "use_bayes 1\n");
        var engine = SpamEngine.Compile(RuleSet.Parse(Rules + "use_bayes 0\n"), _options, _site, _time);
        using var users = Users();
        using var turn = users.Begin("alice@example.org", engine, learns: true);
        Assert.False(turn.Learns || turn.AutoLearns || turn.Speaks);
    }

    /// <summary>Any client may name any user of a pattern: only who is known gets a file, and that when something is learned.</summary>
    [Theory]
    [InlineData("User")]
    [InlineData("Domain")]
    public void Names_that_a_pattern_lists_fill_no_disk(string scope)
    {
        (_options.Spam.Users, _options.Spam.BayesStore) = (["*"], Enum.Parse<LearnerScope>(scope));
        using var users = Users();
        for (var i = 0; i < 20; i++)
        {
            using (var turn = users.Begin($"invented{i}@stranger{i}.example", _engine, learns: true))
            {
                Assert.Equal(i == 0, turn.Learner!.Learn(_spam, isSpam: true));
            }

            Hits(users, $"invented{i}@stranger{i}.example");
        }

        Assert.Equal(new(1, 0), _site.Messages);
        Assert.False(Directory.Exists(_folder["data/bayes"]));
    }

    [Fact]
    public void A_learner_is_made_when_something_is_learned_and_not_before()
    {
        using var users = Users();
        using (var turn = users.Begin("alice@example.org", _engine, learns: true))
        {
            Assert.False(turn.Learner!.Forget(_spam));
            Assert.False(turn.Learner.IsReady);
            Assert.Null(turn.Learner.Probability(_spam));
            Assert.False(Directory.Exists(_folder["data/bayes"]));
            Assert.Equal(2, turn.Learner.Change([_spam, _ham], isSpam: true));
            Assert.Equal(new(2, 0), turn.Learner.Messages);
        }

        Assert.Single(Directory.GetFiles(_folder["data/bayes"], "*.db"));
        Assert.Equal(default, _site.Messages);
    }

    [Fact]
    public void There_are_no_more_files_than_the_limit()
    {
        using var learners = new UserLearners(_options, _time, _lines) { MaxFiles = 0 };
        learners.Rent("user0", creates: true)!.Dispose();
        learners.Rent("user1", creates: true)!.Dispose();
        var error = Assert.Throws<IOException>(() => learners.Rent("user2", creates: true));
        Assert.Contains("2 learners", error.Message, StringComparison.Ordinal);
        using var again = learners.Rent("user1", creates: true);
        Assert.NotNull(again);
    }

    /// <summary>The administrator makes one by hand for whom the server would not; it is used from then on.</summary>
    [Fact]
    public void What_the_command_line_has_made_is_used()
    {
        _options.Spam.Users = ["*@example.net"];
        using (var byHand = new SpamUsers(_options, _time, _lines, mayThrow: true))
        {
            Teach(byHand, "eve@example.net");
        }

        using var users = Users();
        Assert.Contains("BAYES_99", Hits(users, "eve@example.net"));
        Assert.Equal(default, _site.Messages);
    }

    [Fact]
    public void A_user_may_switch_the_learner_off_for_himself()
    {
        _options.Spam.UserPrefs = _folder["%u"];
        File.WriteAllText(_folder["bob@example.org"], "use_bayes 0\n");
        using var users = Users();
        Teach(users, "bob@example.org");
        Teach(users, "alice@example.org");
        Assert.DoesNotContain("BAYES_99", Hits(users, "bob@example.org"));
        Assert.Contains("BAYES_99", Hits(users, "alice@example.org"));
    }

    private SpamUsers Users() => new(_options, _time, _lines);

    private void Teach(SpamUsers users, string user)
    {
        using var turn = users.Begin(user, _engine, learns: true);
        Assert.True(turn.Learner!.Learn(_spam, isSpam: true));
        Assert.True(turn.Learner.Learn(_ham, isSpam: false));
    }

    private List<string> Hits(SpamUsers users, string user)
    {
        using var turn = users.Begin(user, _engine, learns: false);
        return [.. turn.Scanner.ScanWhole(_spam, turn.Speaks ? turn.Learner : null).Result.Hits.Select(h => h.Rule)];
    }
}
