using System.Text;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;

namespace Backstop.Interop;

/// <summary>The learner's tokens beside those that SpamAssassin's own tokenizer makes of the same mails.</summary>
public sealed class SpamTokensTests
{
    /// <summary>One mail of so many is taken: SpamAssassin needs a hundredth of a second for each.</summary>
    private const int Every = 8;

    private const string Script = """
        use strict; use warnings; use Mail::SpamAssassin;
        my $sa = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null',
          username => 'nobody', post_config_text => "use_bayes 1\nbayes_path /nonexistent/bayes\n" });
        $sa->init(1);
        my ($bayes) = grep { ref($_) eq 'Mail::SpamAssassin::Plugin::Bayes' } @{$sa->{plugins}->{plugins}};
        $bayes->learner_new unless $bayes->{store};
        for my $file (@ARGV) {
          open my $in, '<', $file or die "$file: $!"; binmode $in; my $raw = do { local $/; <$in> }; close $in;
          my $marked = $sa->parse(\$raw, 0); my $bare = $sa->remove_spamassassin_markup($marked); $marked->finish;
          my $message = $sa->parse(\$bare, 0);
          my $tokens = $bayes->tokenize($message, $bayes->get_body_from_msg($message));
          print join(' ', map { unpack('H*', $_) } values %$tokens), "\n";
          $message->finish;
        }
        """;

    /// <summary>
    /// All but two in a hundred mails have the same tokens (31 of 4,100 differ): links beside broken UTF-8, addresses that are none.
    /// </summary>
    [Fact]
    public async Task Tokens_are_those_of_SpamAssassin()
    {
        Needs.Program("spamassassin", "spamassassin");
        using var folder = new TempFolder();
        await Tool.RunAsync(
            "/bin/tar", ["-xJf", Needs.Shared("corpora/spamassassin-open.tar.xz"), "-C", folder.Path], TimeSpan.FromMinutes(2));
        var files = Directory.EnumerateFiles(Path.Combine(folder.Path, "mails")).Order(StringComparer.Ordinal)
            .Where((_, i) => i % Every == 0).ToList();
        var said = await Tool.RunAsync("/usr/bin/perl", ["-e", Script, .. files], TimeSpan.FromMinutes(4));
        var theirs = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(files.Count, theirs.Length);

        var learner = new BayesLearner(RuleSet.LoadOrOwn(["/usr/share/spamassassin"]), new MemoryBayesStore());
        var different = new List<string>();
        foreach (var (file, line) in files.Zip(theirs))
        {
            var ours = new SortedSet<string>(StringComparer.Ordinal);
            var mail = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            BayesLearner.Tokens(learner.Unmarked(mail), token => ours.Add(Convert.ToHexStringLower(token)));
            var wanted = line.Split(' ').ToHashSet(StringComparer.Ordinal);
            if (!ours.SetEquals(wanted))
            {
                different.Add($"{Path.GetFileName(file)}: only ours {Text(ours.Except(wanted))}; only theirs {Text(wanted.Except(ours))}");
            }
        }

        Assert.True(different.Count * 50 <= files.Count, string.Join('\n', different));
    }

    private static string Text(IEnumerable<string> tokens) =>
        string.Join(' ', tokens.Take(5).Select(t => Encoding.UTF8.GetString(Convert.FromHexString(t))));
}
