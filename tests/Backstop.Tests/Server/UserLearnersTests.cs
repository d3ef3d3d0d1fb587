using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Server.Filters;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;
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
        _options.Spam.Users = ["*@example.net", "carol"];
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
        Assert.NotEmpty(_lines.All);
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
