using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Backstop.Interop;

/// <summary>Random lines of rcfiles beside the real procmail: the same words, values, conditions and first lines.</summary>
public sealed partial class RecipeWordsTests
{
    private const int Lines = 500;

    private const string Begin =
        "A='x y'\nB='a.b|c'\nE=\nSHELL=/bin/sh\nLOGABSTRACT=no\nSENDMAILFLAGS=-f\n";

    private static readonly string[] _pieces =
    [
        "a", "b", "c d", " ", "  ", "\t", "\"", "\"", "'", "'", "\\", "\\\n", "#", " #", "$", "{", "}", "}", "$A", "$B", "$E", "$U", "${A}",
        "${U:-", "${A:+", "${U-", "${A+", "${E:-", "${E-", "$1", "$2", "$3", "\"$@\"", "$@", "$#", "$=", "$-", "$\\A", "$\\B", "$\\",
        "`echo x`", "`echo p  q`", " `echo r s` ", "=", "@", "${", "${#A}", "${A%x}", "${U", "\\\"", "\\'", "\\ ", "\\#",
        "\\$", "\\`", "\\}", "\\a", "\\\\", "${1}", "${12}", "${9:-", ".", "/", "$A$B", "!", "^", "(", ")", "+",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Agent =>
        Path.Combine(Checkout.Root, "artifacts", "bin", "Backstop.Deliver.Native", "release", "backstop-deliver.dll");

    /// <summary>Programs run directly, values, conditions behind a dollar, first lines.</summary>
    [Theory]
    [InlineData(":0 cw\n! {0}\n")]
    [InlineData(":0 cwi\n| $SENDMAIL {0}\n")]
    [InlineData("V={0}\nLOG=\"<$V>\n\"\n")]
    [InlineData("VERBOSE=on\n:0\n* $ x{0}\n{ }\n{ }\n")]
    [InlineData("VERBOSE=on\n:0 {0}\n* ^nomatch\n* ^nomatch\n{ }\n")]
    public async Task Lines_mean_what_they_mean_under_procmail(string form)
    {
        var procmail = Needs.Peer("usr/bin/procmail", "procmail");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["show"], "#!/bin/sh\nexec printf '[%s]\\n' \"$@\" >&2\n", Ct);
        File.SetUnixFileMode(folder["show"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var random = new Random(20261129);
        var lines = Enumerable.Range(0, Lines).Select(_ => form.Replace("{0}", Line(random), StringComparison.Ordinal)).ToList();
        var rc = new StringBuilder(Begin);
        for (var i = 0; i < lines.Count; i++)
        {
            // What a line leaves open ends with its file. The X closes what procmail itself still remembers of such a line.
            await File.WriteAllTextAsync(folder[$"rc{i}"], lines[i], Ct);
            rc.Append(CultureInfo.InvariantCulture, $"VERBOSE=off\nX=${{A-}}\nLOG=\"\n== {i}\n\"\nINCLUDERC={folder[$"rc{i}"]}\n");
        }

        await File.WriteAllTextAsync(folder["rc"], rc + ":0\n/dev/null\n", Ct);
        var theirs = await LogAsync(folder, $"exec -a procmail {procmail}");
        var ours = await LogAsync(folder, $"exec dotnet {Agent} --strict-procmail");

        // A comment that ends in a backslash makes a recipe of its own of what follows, and may deliver: then both end there.
        Assert.Equal(theirs.Count, ours.Count);
        Assert.InRange(theirs.Count, Lines / 2, Lines);
        Assert.Empty(Enumerable.Range(0, theirs.Count).Where(i => theirs[i] != ours[i]).Select(i => $"{lines[i]}-- procmail\n{theirs[i]}"));
    }

    private static string Line(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 13)).Select(_ => _pieces[random.Next(_pieces.Length)]))
            .Replace("$$", "$", StringComparison.Ordinal);

    // What is logged between two marks; messages about what a program did are no business of a reader of words.
    private static async Task<Dictionary<int, string>> LogAsync(TempFolder folder, string agent)
    {
        File.Delete(folder["log"]);
        const string mail = "From a@b.example Mon Nov  2 10:00:00 2026\nSubject: x\n\nbody\n";
        var arguments = $"HOME={folder.Path} MAILDIR={folder.Path} DEFAULT={folder["inbox"]} LOGFILE={folder["log"]} PATH=/usr/bin:/bin "
            + $"SENDMAIL={folder["show"]} {folder["rc"]}";
        await Tool.RunWithAsync(
            new Dictionary<string, string>(), mail, "/bin/bash",
            ["-c", $"cd {folder.Path}; {agent} -a 'arg one' -a two {arguments}"], Until.Bound);
        var log = await File.ReadAllTextAsync(folder["log"], Encoding.Latin1, Ct);
        return Part().Matches(log).ToDictionary(
            m => int.Parse(m.Groups["number"].ValueSpan, CultureInfo.InvariantCulture),
            m => string.Join('\n', m.Groups["text"].Value.Split('\n').Where(IsAboutWords)));
    }

    private static bool IsAboutWords(string line) =>
        (!line.StartsWith("procmail: ", StringComparison.Ordinal) && !line.Contains("sh: ", StringComparison.Ordinal))
        || line.Contains("Bad substitution", StringComparison.Ordinal) || line.Contains("atch on ", StringComparison.Ordinal)
        || line.Contains("Skipped", StringComparison.Ordinal);

    [GeneratedRegex(@"\n== (?<number>\d+)\n(?<text>(?:(?!\n== \d+\n)[\s\S])*)")]
    private static partial Regex Part();
}
