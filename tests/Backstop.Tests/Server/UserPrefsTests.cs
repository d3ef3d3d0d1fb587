using System.Diagnostics;
using Backstop.Configuration.Options;
using Backstop.Server.Filters;
using Backstop.SpamRules.Rules;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Files that users keep their preferences in: read again when they change, and never trusted.</summary>
public sealed class UserPrefsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly LogLines _lines = new();
    private readonly BackstopOptions _options = new();
    private readonly SpamEngine _engine;

    public UserPrefsTests()
    {
        _options.Spam.UserPrefs = _folder["%u"];
        _options.Spam.Rules = [];
        _engine = SpamEngine.Compile(RuleSet.Parse("body A /a/\nscore A 1\n"), _options, null, _time);
    }

    public void Dispose()
    {
        _lines.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_file_is_read_again_only_when_it_has_changed()
    {
        var prefs = Prefs();
        Assert.Null(Find(prefs, "alice"));
        Write("alice", "required_score 3\n");
        _time.Advance(TimeSpan.FromMinutes(1));
        var first = Find(prefs, "alice");
        Assert.Equal(3, first!.Set.RequiredScore);
        Assert.Same(first, Find(prefs, "alice"));
        Write("alice", "required_score 4\n");
        Assert.Equal(4, Find(prefs, "alice")!.Set.RequiredScore);
        File.Delete(_folder["alice"]);
        Assert.Null(Find(prefs, "alice"));
        Assert.Empty(_lines.All);
    }

    /// <summary>Two changes within the resolution of a file's time differ in nothing but their octets.</summary>
    [Fact]
    public void A_file_that_was_just_changed_is_compared()
    {
        var prefs = Prefs();
        Write("alice", "required_score 3\n");
        var first = Find(prefs, "alice");
        Assert.Same(first, Find(prefs, "alice"));
        Write("alice", "required_score 4\n");
        Assert.Equal(4, Find(prefs, "alice")!.Set.RequiredScore);
    }

    [Fact]
    public void New_rules_of_the_site_are_what_preferences_are_read_over()
    {
        var prefs = Prefs();
        Write("alice", "required_score 3\n");
        var renewed = SpamEngine.Compile(RuleSet.Parse("body B /a/\nscore B 2\n"), _options, null, _time);
        Assert.Single(Find(prefs, "alice")!.ScannerFor(false).Scan("\na\n"u8).Hits, h => h.Rule == "A");
        Assert.Single(prefs.Find(SpamUserName.TryParse("alice")!, renewed)!.ScannerFor(false).Scan("\na\n"u8).Hits, h => h.Rule == "B");
        Assert.Equal(1, prefs.Count);
    }

    [Fact]
    public void No_more_users_are_kept_than_the_limit()
    {
        var prefs = Prefs();
        for (var i = 0; i < UserPrefs.MaxKept + 20; i++)
        {
            Write($"user{i}", "required_score 3\n");
            Assert.NotNull(Find(prefs, $"user{i}"));
        }

        Assert.Equal(UserPrefs.MaxKept, prefs.Count);
    }

    /// <summary>A bug that a file sets off is found once, not at every message, and again when the file has changed.</summary>
    [Fact]
    public void What_cannot_be_read_for_whatever_reason_is_remembered()
    {
        var (tried, fails) = (0, true);
        var prefs = new UserPrefs(_options, _time, _lines)
        {
            Reader = (text, _, engine) => ++tried > 0 && fails ? throw new NotSupportedException("a bug")
                : new(engine.Rules.WithPreferences(text), engine),
        };
        Write("alice", "required_score 3\n");
        _time.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 50; i++)
        {
            Assert.Null(Find(prefs, "alice"));
        }

        Assert.Equal(1, tried);
        Assert.Contains("a bug", Assert.Single(_lines.All), StringComparison.Ordinal);
        fails = false;
        Write("alice", "required_score 4\n");
        Assert.Equal(4, Find(prefs, "alice")!.Set.RequiredScore);
    }

    [Fact]
    public void Files_that_are_kept_are_bounded_together()
    {
        var prefs = Prefs();
        for (var i = 0; i < 40; i++)
        {
            Write($"user{i}", string.Concat(Enumerable.Repeat("#" + new string('x', 1022) + "\n", 250)));
            Assert.NotNull(Find(prefs, $"user{i}"));
            Assert.NotNull(Find(prefs, $"user{i}"));
        }

        Assert.InRange(prefs.Count, 4, UserPrefs.MaxKeptOctets / 256_000);
    }

    /// <summary>Each line that does not count would take 200 octets of memory, of a file of two octets a line.</summary>
    [Fact]
    public void Faults_of_a_file_are_named_up_to_a_hundred_and_then_counted()
    {
        var prefs = Prefs();
        Write("alice", string.Concat(Enumerable.Repeat("x\n", 100_000)) + "if " + new string('1', 5000) + "x\n");
        var faults = Find(prefs, "alice")!.Set.Diagnostics;
        Assert.Equal(101, faults.Count);
        Assert.Contains("99,902 more", faults[^1].ToString(), StringComparison.Ordinal);
        Assert.Equal(6, _lines.All.Count);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("fifo", "not a regular file")]
    [InlineData("folder", "not a regular file")]
    [InlineData("link", "not a regular file")]
    [InlineData("large", "larger than 256 KiB")]
    public async Task What_is_no_plain_small_file_is_passed_over_and_named_once_a_minute(string kind, string why)
    {
        await MakeAsync(kind, TestContext.Current.CancellationToken);
        var prefs = Prefs();
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(Find(prefs, "alice"));
        }

        Assert.Contains(why, Assert.Single(_lines.All), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(Find(prefs, "alice"));
        Assert.Equal(2, _lines.All.Count);
    }

    [Fact]
    public void Lines_that_do_not_count_are_logged_without_their_values_and_not_without_end()
    {
        var prefs = Prefs();
        Write("alice", "bayes_sql_password s3cret\n" + string.Concat(Enumerable.Range(0, 50).Select(i => $"body B{i} /x/\n")));
        Assert.NotNull(Find(prefs, "alice"));
        Assert.Equal(6, _lines.All.Count);
        Assert.DoesNotContain(_lines.All, l => l.Contains("s3cret", StringComparison.Ordinal));
        Assert.EndsWith("and 46 more lines that do not count; see scan --user", _lines.All.Last(), StringComparison.Ordinal);
        Write("alice", "loadplugin Evil\n");
        Assert.NotNull(Find(prefs, "alice"));
        Assert.Equal(6, _lines.All.Count);
        _time.Advance(TimeSpan.FromMinutes(2));
        Write("alice", "\u001b[2Jloadplugin\u0007 Evil\n");
        Assert.NotNull(Find(prefs, "alice"));
        Assert.Equal(7, _lines.All.Count);
        Assert.DoesNotContain(_lines.All, l => l.Any(char.IsControl));
    }

    /// <summary>In a home the server may read what the user may not, so only his own files count, or root's.</summary>
    [Fact]
    public void In_a_home_a_file_belongs_to_its_user()
    {
        _options.Spam.UserPrefs = "~/.spamassassin/user_prefs";
        Assert.Null(Prefs().PathOf(SpamUserName.TryParse("no-such-account-here")!, out _));
        var path = Prefs().PathOf(SpamUserName.TryParse("root")!, out var owner);
        Assert.EndsWith("/.spamassassin/user_prefs", path, StringComparison.Ordinal);
        Assert.Equal(0u, owner);
    }

    [Fact]
    public void An_address_of_a_domain_here_is_an_accounts_by_its_local_part()
    {
        (_options.Spam.UserPrefs, _options.Domains) = ("~/.spamassassin/user_prefs", ["example.org"]);
        var path = Prefs().PathOf(SpamUserName.TryParse("root")!, out _);
        Assert.NotNull(path);
        Assert.Equal(path, Prefs().PathOf(SpamUserName.TryParse("root@Example.org")!, out _));
        Assert.Null(Prefs().PathOf(SpamUserName.TryParse("root@example.net")!, out _));
    }

    private UserPrefs Prefs() => new(_options, _time, _lines);

    private UserRules? Find(UserPrefs prefs, string user) => prefs.Find(SpamUserName.TryParse(user)!, _engine);

    private void Write(string user, string text) => File.WriteAllText(_folder[user], text);

    private async Task MakeAsync(string kind, CancellationToken ct)
    {
        switch (kind)
        {
            case "fifo":
                using (var mkfifo = Process.Start("mkfifo", [_folder["alice"]]))
                {
                    await mkfifo.WaitForExitAsync(ct);
                }

                break;
            case "folder":
                Directory.CreateDirectory(_folder["alice"]);
                break;
            case "link":
                Write("other", "required_score 3\n");
                File.CreateSymbolicLink(_folder["alice"], _folder["other"]);
                break;
            default:
                Write("alice", new string('#', UserPrefs.MaxOctets + 1));
                break;
        }
    }
}
