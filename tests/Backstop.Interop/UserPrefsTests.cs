using System.Text.RegularExpressions;

namespace Backstop.Interop;

/// <summary>Preferences of users, by our server and by the real spamd with <c>--virtual-config-dir</c>.</summary>
public sealed class UserPrefsTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    /// <summary>Users and what stands in their files.</summary>
    private static readonly Dictionary<string, string> _users = new(StringComparer.Ordinal)
    {
        ["nothing"] = "",
        ["strict"] = "required_score 1.5\nrewrite_header Subject [SPAM _SCORE_]\nreport_safe 0\n",
        ["lenient"] = "required_hits 12\nreport_safe 2\n",
        ["scores@example.org"] =
            "score MISSING_MID 3.3\nscore MISSING_DATE 0\nscore NO_RELAYS 0.7\nscore MISSING_SUBJECT (1)\n"
            + "score HTML_MESSAGE 0.5\n"
            + "score NO_RECEIVED 1.1 1.2 1.3 1.4\n",
        ["metas"] =
            "score __HAS_FROM 0\nscore __TO_NO_ARROWS_R 0\nscore T_SCC_BODY_TEXT_LINE 2\nscore ANY_BOUNCE_MESSAGE 4\n"
            + "score BOUNCE_MESSAGE 0\n",
        ["zeroes"] =
            "score MISSING_HEADERS 0\nscore MISSING_FROM 0\nscore UNPARSEABLE_RELAY 0\nscore FORGED_GMAIL_RCVD 5\n"
            + "score SUBJ_ALL_CAPS 4\n",
        ["welcome"] = "whitelist_from *@example.org *@bench.test\nwelcomelist_to me@bench.test\nall_spam_to nobody@nowhere.test\n",
        ["block"] =
            "blacklist_from *@*.org\nblocklist_from *@example.com\nblocklist_to *@bench.test\n"
            + "unblocklist_from *@mail.example.org\n",
        ["headers"] = "clear_headers\nadd_header all Mine _YESNO_ _SCORE(0)_ of _REQD_ by _TESTS(;)_\nadd_header spam Only _STARS(+)_\n"
            + "add_header ham Gone x\nremove_header ham Gone\nreport_contact postmaster@example.org\n",
        ["rules"] =
            "body MINE_ANY /./\nscore MINE_ANY 50\nbody_part_scan_size 10\nrequired_score 2\n"
            + "loadplugin Mail::SpamAssassin::Plugin::TextCat\n"
            + "meta MISSING_MID 1\nscore MISSING_MID 0.9\ntflags MISSING_MID nice\nallow_user_rules 1\nfull MINE_FULL /x/\n",
        ["conditions"] =
            "if (version >= 3.0)\nrequired_score 3\nelse\nrequired_score 9\nendif\n"
            + "ifplugin Mail::SpamAssassin::Plugin::NoSuch\n"
            + "required_score 8\nendif\n  score   MISSING_MID   2   # two\nlang de required_score 7\nok_locales en\n"
            + "trusted_networks 192.0.2.0/24\n",
        ["faulty"] =
            "required_score many\nscore MISSING_MID x\nfrobnicate 1\nadd_header x\nrewrite_header Nobody x\nscore\n"
            + "endif\nrequired_score 4\n",
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Users_get_what_spamd_gives_them()
    {
        var (spamc, spamd) = (Needs.Peer("usr/bin/spamc", "spamc"), Needs.Peer("usr/sbin/spamd", "spamd"));
        using var folder = new TempFolder();
        var homes = await WriteAsync(folder, _users);
        using var ours = await SpamdServer.StartAsync(folder.Path, $"user_prefs = \"{homes}/%u/user_prefs\"");
        var port = Server.FreePort();
        using var theirs = Tool.Start(
            "/usr/bin/perl", "-T", spamd, "-L", "-i", "127.0.0.1", "-p", $"{port}", "-x", "-s", "stderr", "-u", "nobody",
            $"--virtual-config-dir={homes}/%u", "--min-children=1", "--max-children=1", "--cf=use_bayes 0",
            "--cf=welcomelist_bounce_relays mx.bench.test");
        await theirs.WaitForAsync("server started on", _limit);
        var mails = Directory.GetFiles(Path.Combine(Checkout.Root, "tests", "mails"), "*.eml").Order(StringComparer.Ordinal)
            .Where((_, i) => i % 25 == 3).ToList();
        Assert.True(mails.Count >= 4, $"{mails.Count} mails");
        var differences = new List<string>();
        var answers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var user in _users.Keys.Append("stranger"))
        {
            foreach (var mail in mails)
            {
                foreach (var mode in new[] { "-c", "-y", "--headers" })
                {
                    var (we, they) = (await AskAsync(ours.Port, user, mode, mail), await AskAsync(port, user, mode, mail));
                    answers.Add(they);
                    if (we != they)
                    {
                        differences.Add($"{user} {Path.GetFileName(mail)} {mode}:\n--- ours\n{we}\n--- spamd\n{they}");
                    }
                }
            }
        }

        Assert.True(answers.Count > mails.Count * 12, $"{answers.Count} different answers of {mails.Count} mails");
        Assert.True(differences.Count == 0, $"{differences.Count} differ:\n{string.Join('\n', differences.Take(5))}");

        async Task<string> AskAsync(int server, string user, string mode, string mail) => Comparable(await Tool.RunAsync(
            "/bin/sh", ["-c", $"exec {spamc} -u {user} -d 127.0.0.1 -p {server} {mode} < {mail}"], _limit, 0, 1));
    }

    /// <summary>A site of three rules that lets users write theirs.</summary>
    [Fact]
    public async Task Users_may_write_rules_where_the_site_says_so()
    {
        var (spamc, spamd) = (Needs.Peer("usr/bin/spamc", "spamc"), Needs.Peer("usr/sbin/spamd", "spamd"));
        using var folder = new TempFolder();
        var homes = await WriteAsync(folder, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["author"] = "body MINE /lunch/\nscore MINE 2\nheader __HERE To =~ /bench/\nmeta BOTH MINE && __HERE && SITE\nscore BOTH 1.5\n",
            ["other"] = "score SITE 3\n",
            ["editor"] = "score OFF 2\nuri LINK /example/\nscore LINK 0.25\n",
        });
        var (rules, site) = (Directory.CreateDirectory(folder["rules"]).FullName, Directory.CreateDirectory(folder["site"]).FullName);
        await File.WriteAllTextAsync(
            Path.Combine(rules, "site.cf"),
            "allow_user_rules 1\nutil_rb_tld org test\nbody SITE /noon/\nscore SITE 1\nbody OFF /noon/\nscore OFF 0\n"
                + "header X X-None =~ /x/\nscore X 1\n",
            Ct);
        await File.WriteAllTextAsync(Path.Combine(site, "init.pre"), "loadplugin Mail::SpamAssassin::Plugin::Check\n", Ct);
        using var ours = await SpamdServer.StartAsync(
            folder.Path, $"user_prefs = \"{homes}/%u/user_prefs\"\nrules = [\"{rules}\", \"{site}\"]\nbayes_store = \"user\"");
        var port = Server.FreePort();
        using var theirs = Tool.Start(
            "/usr/bin/perl", "-T", spamd, "-L", "-i", "127.0.0.1", "-p", $"{port}", "-x", "-s", "stderr", "-u", "nobody",
            $"--virtual-config-dir={homes}/%u", "--min-children=1", "--max-children=1", "-C", rules, $"--siteconfigpath={site}");
        await theirs.WaitForAsync("server started on", _limit);
        var answers = new List<string>();
        const string mail = "From: ann@example.org\nTo: me@bench.test\nSubject: x\n\nlunch at noon, http://www.example.org/\n";
        foreach (var user in new[] { "author", "other", "editor", "author", "stranger" })
        {
            answers.Add(await AskAsync(port, user));
            Assert.Equal(answers[^1], await AskAsync(ours.Port, user));
        }

        Assert.Equal("4.5/5.0 BOTH,MINE,SITE", answers[0]);
        Assert.Equal(4, answers.Distinct(StringComparer.Ordinal).Count());

        Assert.Equal("Message successfully un/learned", await TellAsync("author"));
        Assert.Equal("Message was already un/learned", await TellAsync("author"));
        Assert.Equal("Message successfully un/learned", await TellAsync("other"));
        Assert.Equal(
            ["author.db", "other.db"],
            Directory.GetFiles(Path.Combine(ours.Data, "bayes"), "*.db").Select(Path.GetFileName).Order(StringComparer.Ordinal));

        async Task<string> AskAsync(int server, string user) =>
            $"{await RunAsync(server, user, "-c")} {Sorted((await RunAsync(server, user, "-y")).Trim())}";
        Task<string> TellAsync(string user) => RunAsync(ours.Port, user, "-L", "spam");
        Task<string> RunAsync(int server, string user, params string[] mode) => Tool.RunWithAsync(
            new Dictionary<string, string>(), mail, spamc, ["-u", user, "-d", "127.0.0.1", "-p", $"{server}", .. mode], _limit, 0, 1);
    }

    // spamd runs as nobody, and takes the folders for writable.
    private static async Task<string> WriteAsync(TempFolder folder, Dictionary<string, string> users)
    {
        const UnixFileMode everybody = (UnixFileMode)0b111_111_111;
        File.SetUnixFileMode(folder.Path, everybody);
        var homes = Directory.CreateDirectory(folder["homes"]).FullName;
        File.SetUnixFileMode(homes, everybody);
        foreach (var (user, text) in users)
        {
            var home = Directory.CreateDirectory(Path.Combine(homes, user)).FullName;
            File.SetUnixFileMode(home, everybody);
            await File.WriteAllTextAsync(Path.Combine(home, "user_prefs"), text, Ct);
        }

        return homes;
    }

    // Host, version, time and boundaries are each server's own, and SpamAssassin's hits are in no order.
    private static string Comparable(string reply) => Regex.Replace(
        string.Join(
            '\n',
            reply.Split('\n').Select(Sorted).Order(StringComparer.Ordinal).Where(l =>
                !l.StartsWith("X-Spam-Checker-Version:", StringComparison.Ordinal) && !l.StartsWith("\ton ", StringComparison.Ordinal)
                && !l.StartsWith("Received: from localhost by", StringComparison.Ordinal) && !l.TrimStart().StartsWith('[')
                && !(l.StartsWith('\t') && l.EndsWith("+0000", StringComparison.Ordinal)))),
        "----------=_[0-9A-F.]+|autolearn=\\w+( autolearn_force=\\w+)?",
        "*");

    private static string Sorted(string line) =>
        Regex.IsMatch(line, "^[A-Z0-9_]+(,[A-Z0-9_]+)+$") ? string.Join(',', line.Split(',').Order(StringComparer.Ordinal)) : line;
}
