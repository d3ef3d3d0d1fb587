using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Recipes.Patterns;

namespace Backstop.Interop;

/// <summary>The delivery agent beside the real procmail, formail and dovecot-lda.</summary>
public sealed partial class DeliverTests
{
    private const string Mail = """
        From ann@example.org Mon Nov  2 10:00:00 2026
        Received: from mx.example.org (mx.example.org [192.0.2.7])
        	by box.example.net with ESMTP; Mon, 2 Nov 2026 10:00:00 +0000
        From: Ann Adams <ann@example.org>
        To: Bob <bob@example.net>
        Subject: Lunch on Friday? [plan]
        X-Num: 42

        Hello Bob,

        shall we meet?
        From the station it is a short walk.

        """;

    // Where recorded cases lose or hurt a message, and safe mode does not: docs/adr/0010.
    private static readonly string[] _deviations =
        ["102", "132", "135", "138", "140", "144", "147", "153", "179", "239", "276", "285", "311"];

    // mv does not read its input: whether it has gone before the message was written to it is a race, which a loaded machine ends
    // otherwise.
    private const string Race = "322";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Agent =>
        Path.Combine(Checkout.Root, "artifacts", "bin", "Backstop.Deliver.Native", "release", "backstop-deliver.dll");

    /// <summary>206 cases recorded from procmail 3.22, to the letter.</summary>
    [Fact]
    public async Task Recorded_cases_end_as_procmail_ended_them()
    {
        var output = await CasesAsync("--strict-procmail");
        Assert.DoesNotContain(FailedCase().Matches(output), m => m.Groups["number"].Value != Race);
        Assert.Matches(@"(?m)^20[56] passed, [01] failed, 0 skipped$", output);
    }

    /// <summary>The default differs where procmail would lose mail, and nowhere else.</summary>
    [Fact]
    public async Task Recorded_cases_differ_by_default_only_where_that_is_meant()
    {
        var output = await CasesAsync();
        Assert.Equal(
            _deviations,
            FailedCase().Matches(output).Select(m => m.Groups["number"].Value).Where(n => n != Race).Order(StringComparer.Ordinal));
    }

    /// <summary>Whom recipes have answered is remembered where HOME says, not where the password file does.</summary>
    [Fact]
    public async Task Nobody_is_answered_twice_and_HOME_remembers()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["sendmail"], $"#!/bin/sh\ncat >>{folder["sent"]}\n", Ct);
        File.SetUnixFileMode(folder["sendmail"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(folder["rc"], ":0 c\n| (echo To: you; echo; echo away) | $SENDMAIL -t\n\n:0\nbox\n", Ct);
        string[] arguments = [Agent, $"HOME={folder.Path}", $"MAILDIR={folder.Path}", $"SENDMAIL={folder["sendmail"]}", folder["rc"]];
        for (var i = 0; i < 2; i++)
        {
            await Tool.RunWithAsync(new Dictionary<string, string>(), Mail, "dotnet", arguments, Until.Bound);
        }

        Assert.Equal("To: you\n\naway\n", await File.ReadAllTextAsync(folder["sent"], Ct));
        Assert.Equal(12, new FileInfo(folder[".backstop-replies"]).Length);
    }

    /// <summary>
    /// The caller's variables, arguments, folders, lockfiles and rcfiles with names beyond ASCII: .NET's text was taken for octets, and
    /// octets for .NET's text.
    /// </summary>
    [Fact]
    public async Task Names_beyond_ASCII_are_those_of_procmail()
    {
        var procmail = Needs.Peer("usr/bin/procmail", "procmail");
        Assert.Equal(await NamesAsync($"exec {procmail}"), await NamesAsync($"exec dotnet {Agent} --strict-procmail"));
    }

    private static async Task<string> NamesAsync(string agent)
    {
        using var folder = new TempFolder();
        const string rc = """
            :0 c
            Müll
            :0 c
            $NAME/.
            MAILDIR=$HOME/$NAME
            LOCKFILE=löck
            LOG=`printf '%s ' * "$1" "$ARG" "$NAME"`
            INCLUDERC=../ü.rc
            """;
        await File.WriteAllTextAsync(folder["\u00FC.rc"], "LOCKFILE\n:0\n/dev/null\n", Ct);
        await File.WriteAllTextAsync(folder["rc"], rc + "\n", Ct);
        var arguments = $"-p -a \u00E4 ARG=\u6771 HOME={folder.Path} MAILDIR={folder.Path} LOGABSTRACT=no LOGFILE={folder["log"]} "
            + folder["rc"];
        await Tool.RunWithAsync(
            new Dictionary<string, string> { ["NAME"] = "J\u00FCrgen" }, Mail, "/bin/sh",
            ["-c", $"cd {folder.Path}; {agent} {arguments}"], Until.Bound);
        var files = Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder.Path, f));
        return string.Join(' ', files.Order(StringComparer.Ordinal)) + "\n" + await File.ReadAllTextAsync(folder["log"], Ct);
    }

    /// <summary>Recipes of ours, given to both: the same folders, the same contents, the same exit codes.</summary>
    [Fact]
    public async Task Recipes_do_what_they_do_under_procmail()
    {
        var procmail = Needs.Peer("usr/bin/procmail", "procmail");
        var cases = (await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "tests", "recipes", "cases.txt"), Encoding.Latin1, Ct))
            .Split("\n=== ").Skip(1).ToList();
        var differences = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Ct }, async (text, _) =>
        {
            var (setup, rc) = (
                text[..text.IndexOf('\n', StringComparison.Ordinal)], text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
            var theirs = await RunCaseAsync(setup, rc, [procmail]);
            var ours = await RunCaseAsync(setup, rc, ["dotnet", Agent, "--strict-procmail"]);
            if (theirs != ours)
            {
                differences.Add($"{rc}\n-- procmail\n{theirs}\n-- ours\n{ours}");
            }
        });
        Assert.Empty(differences);
        Assert.InRange(cases.Count, 80, 1000);
    }

    /// <summary>Random expressions over random texts: the same answers as procmail's matcher gives.</summary>
    [Fact]
    public async Task Expressions_match_what_they_match_under_procmail()
    {
        var procmail = Needs.Peer("usr/bin/procmail", "procmail");
        using var folder = new TempFolder();
        var random = new Random(20261126);
        for (var round = 0; round < 8; round++)
        {

            // "a??" would be a variable's name, and a backslash at the end would take the next line.
            var patterns = Enumerable.Range(0, 400).Select(_ => Random(random, "ab", "ab^$().*+?|[]-\\<>", random.Next(1, 9)))
                .Where(p => !p.Contains("??", StringComparison.Ordinal) && !p.EndsWith('\\')).Take(200).ToList();
            var body = Random(random, "ab", "ab ab\n\n.-", random.Next(0, 30));
            var rc = "LOGFILE=log\nLOGABSTRACT=no\n"
                + string.Concat(patterns.Select(p => $":0 B\n* {p}\n{{ LOG=1 }}\n:0 E\n{{ LOG=0 }}\n")) + ":0\n/dev/null\n";
            await File.WriteAllTextAsync(Path.Combine(folder.Path, "rc"), rc, Ct);
            File.Delete(Path.Combine(folder.Path, "log"));
            await Tool.RunWithAsync(
                new Dictionary<string, string>(), $"From a@b Mon Nov  2 10:00:00 2026\nSubject: x\n\n{body}", "/bin/sh",
                ["-c", $"cd {folder.Path} && exec {procmail} -m ./rc 2>/dev/null"], Until.Bound);

            // Complaints about parentheses go to the log too: digits alone are answers.
            var log = string.Concat(
                (await File.ReadAllTextAsync(Path.Combine(folder.Path, "log"), Ct)).Split('\n').Select(l => Complaint().Replace(l, "")));
            var ours = string.Concat(
                patterns.Select(p => RecipeRegex.Parse(p.TrimEnd(), ignoreCase: true).IsMatch(Encoding.Latin1.GetBytes(body)) ? '1' : '0'));
            var wrong = patterns.Where((_, i) => i < log.Length && log[i] != ours[i]).ToList();
            Assert.True(log == ours, $"body {body.Replace("\n", "\\n", StringComparison.Ordinal)}: {string.Join("   ", wrong.Take(10))}");
        }
    }

    /// <summary>
    /// Ours, procmail and dovecot-lda at one mbox at once: nothing lost, nothing torn. Dovecot takes its locks in procmail's order
    /// here: by default these two stand in each other's way for minutes, and nobody else can have a lock that they hold.
    /// </summary>
    [Fact]
    public async Task Eight_writers_of_three_programs_share_an_mbox()
    {
        Needs.Root();
        var procmail = Needs.Peer("usr/bin/procmail", "procmail");
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        using var config = new TempFolder();
        const int each = 5;
        await File.WriteAllTextAsync(Path.Combine(config.Path, "rc"), $"DEFAULT={folder.Path}/box\nLOCKSLEEP=1\n", Ct);
        await File.WriteAllTextAsync(
            "/tmp/" + Path.GetFileName(config.Path) + ".conf",
            $"mail_location = mbox:{folder.Path}/mbox:INBOX={folder.Path}/box\nmail_home = {folder.Path}\nlog_path = "
                + $"{folder.Path}/dovecot.log\nmail_privileged_group = root\nfirst_valid_uid = 0\nlisten = 127.0.0.1\nmbox_write_locks "
                + $"= dotlock fcntl\nssl = no\nhostname = localhost\npostmaster_address = postmaster@example.org\n",
            Ct);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "box"), "", Ct);
        await Tool.RunAsync("/bin/chown", ["-R", "nobody:nogroup", folder.Path], Until.Bound);
        await Tool.RunAsync("/bin/chmod", ["-R", "a+rwX", folder.Path], Until.Bound);
        var waits = new ConcurrentBag<double>();
        string[] ours = ["dotnet", Agent, "-m", $"{config.Path}/rc"];
        string[] theirs = [procmail, "-m", $"{config.Path}/rc"];
        string[] dovecot =
        [
            "/usr/bin/env", $"HOME={folder.Path}", "USER=nobody", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            "/usr/lib/dovecot/dovecot-lda", "-c", "/tmp/" + Path.GetFileName(config.Path) + ".conf",
        ];
        var writers = new[] { ours, ours, ours, ours, theirs, theirs, dovecot, dovecot }.Select((command, writer) => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                var began = Stopwatch.GetTimestamp();
                var message = string.Create(
                    CultureInfo.InvariantCulture,
                    $"From a@example.org Mon Nov  2 10:00:00 2026\nSubject: {writer}.{i}\nMessage-ID: <{writer}.{i}@x>\n\nbody of "
                        + $"{writer}.{i}\nFrom here\n");
                await Tool.RunWithAsync(
                    new Dictionary<string, string>(),
                    command == dovecot ? message[(message.IndexOf('\n', StringComparison.Ordinal) + 1)..] : message, command[0],
                    command[1..], TimeSpan.FromSeconds(100));
                if (command == ours)
                {
                    waits.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
                }
            }
        }, Ct)).ToList();
        await Task.WhenAll(writers);

        var box = await File.ReadAllTextAsync(Path.Combine(folder.Path, "box"), Ct);
        var messages = Regex.Split(box, "(?m)^From .*[0-9]{4}(?: [-+0-9]+)?\n", RegexOptions.None, TimeSpan.FromSeconds(10)).Skip(1)
            .ToList();
        Assert.Equal(8 * each, messages.Count);
        for (var i = 0; i < 8 * each; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{i / each}.{i % each}");
            Assert.Single(
                messages,
                m => m.Contains(
                    $"Subject: {name}\n", StringComparison.Ordinal) && m.Contains($"body of {name}\n", StringComparison.Ordinal));
        }

        File.Delete(dovecot[^1]);
        Assert.False(File.Exists(Path.Combine(folder.Path, "box.lock")));
        Assert.InRange(waits.Max(), 0, 20);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"longest delivery of ours: {waits.Max():F2} s, median {waits.Order().ElementAt(waits.Count / 2):F2} s"));
    }

    private static async Task<string> CasesAsync(params string[] options)
    {
        Needs.Program("formail", "procmail");
        var cases = Path.GetDirectoryName(Needs.Shared("procmail-cases/run-cases.sh"))!;
        return await Tool.RunAsync(
            Path.Combine(cases, "run-cases.sh"), ["-j", "4", "--list", Path.Combine(cases, "open.txt"), "dotnet", Agent, .. options],
            TimeSpan.FromMinutes(5), 0, 1);
    }

    private static async Task<string> RunCaseAsync(string setup, string rc, string[] agent)
    {
        using var folder = new TempFolder();
        var home = folder.Path;
        await File.WriteAllTextAsync(Path.Combine(home, "rc"), rc, Encoding.Latin1, Ct);
        await File.WriteAllTextAsync(
            Path.Combine(home, "sendmail"), $"#!/bin/sh\necho \"$@\" >>{home}/sent; cat >>{home}/sent; exit ${{SENDMAIL_STATUS:-0}}\n",
            Ct);
        File.SetUnixFileMode(Path.Combine(home, "sendmail"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string[] assignments =
        [
            $"HOME={home}", $"MAILDIR={home}", "PATH=/usr/local/bin:/usr/bin:/bin", $"DEFAULT={home}/inbox",
            $"ORGMAIL={home}/org", "SHELL=/bin/sh",
            $"SENDMAIL={home}/sendmail", "LOCKSLEEP=1", "SUSPEND=1", $"LOGFILE={home}/log", $"{home}/rc",
        ];
        var script = $"umask 077; cd {home}; {setup}\n{string.Join(' ', agent)} {string.Join(' ', assignments)}; echo \"exit $?\" "
            + $">exit; sleep 0.05; chmod -R u+rwX .";
        await Tool.RunWithAsync(
            new Dictionary<string, string> { ["TZ"] = "UTC", ["LC_ALL"] = "C" }, Mail.ReplaceLineEndings("\n"), "/bin/sh",
            ["-c", script], TimeSpan.FromMinutes(1));
        var lines = new List<string>();
        foreach (var file in Directory.EnumerateFileSystemEntries(home, "*", SearchOption.AllDirectories))
        {
            var name = Unique().Replace(Path.GetRelativePath(home, file), "UNIQUE");
            if (name is not ("rc" or "log" or "sendmail"))
            {
                lines.Add($"{name}: {(Directory.Exists(file) ? "" : await File.ReadAllTextAsync(file, Encoding.Latin1, Ct))}");
            }
        }

        // Of the log the abstracts: wording of complaints is our own.
        var abstracts = (await File.ReadAllLinesAsync(Path.Combine(home, "log"), Encoding.Latin1, Ct))
            .Where(l => l.StartsWith("  Folder", StringComparison.Ordinal) || l.StartsWith(" Subject", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
        return Unique().Replace(
            string.Join('\n', lines.Order(StringComparer.Ordinal).Concat(abstracts)).Replace(home, "HOME", StringComparison.Ordinal),
            "UNIQUE");
    }

    private static string Random(Random random, string first, string alphabet, int length) =>
        first[random.Next(first.Length)] + string.Concat(Enumerable.Range(0, length).Select(_ => alphabet[random.Next(alphabet.Length)]));

    [GeneratedRegex(@"(?m)^FAIL (?<number>\d{3})-")]
    private static partial Regex FailedCase();

    [GeneratedRegex(@"procmail: .*$")]
    private static partial Regex Complaint();

    [GeneratedRegex(@"(?<=new/)\d+\.[^/\s]+|(?<=/)m(sg\.|_)[\w-]+")]
    private static partial Regex Unique();
}
