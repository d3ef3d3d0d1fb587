using System.Collections.Concurrent;
using System.Text;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.Tests.House;

namespace Backstop.Tests.SpamRules;

/// <summary>A rule set is read once and never changed.</summary>
public sealed class RuleSetTests
{
    // One line that cannot be read, and one of each kind that shows only when the rules are compiled.
    private const string Faulty = "frobnicate 1\nbody A /a(/\nmeta B A &&\nredirector_pattern /x(/\n" + Sound;

    private const string Sound = "body GREAT /great/\nscore GREAT 2 3 4 5\n";

    private static readonly string[] _faults = ["rules:1", "rules:2", "rules:3", "redirector_pattern:0"];

    private static readonly byte[] _mail = Encoding.Latin1.GetBytes("From: a@b.test\nSubject: x\n\nGreat, great.\n");

    [Fact]
    public void Scanners_leave_a_set_as_it_was()
    {
        var set = RuleSet.Parse(Faulty);
        var before = set.Diagnostics.Select(d => d.ToString()).ToList();
        Assert.Equal(["rules:1: unknown setting 'frobnicate'"], before);
        var scanners = new[] { new SpamScanner(set), new SpamScanner(set, bayes: true) };
        Assert.Equal(before, set.Diagnostics.Select(d => d.ToString()));
        Assert.All(scanners, s => Assert.Equal(_faults, s.Diagnostics.Select(d => d.Source.ToString())));
        Assert.Equal([2, 4], scanners.Select(s => s.Scan(_mail).Score));
    }

    [Fact]
    public void Many_threads_use_one_set()
    {
        var set = RuleSet.Parse(Faulty);
        var seen = new ConcurrentBag<(double Score, int Faults)>();
        Parallel.For(0, 64, new() { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, _ =>
        {
            var scanner = new SpamScanner(set);
            seen.Add((scanner.Scan(_mail).Score, scanner.Diagnostics.Count));
        });
        Assert.Equal([(2, 4)], seen.Distinct());
    }

    /// <summary>Settings are filled line by line, so their types have setters: nothing but the reader of rule files uses them.</summary>
    [Fact]
    public void Only_the_reader_of_rule_files_changes_settings()
    {
        using var code = new AssemblyCode(typeof(RuleSet).Assembly.Location);
        var changes = code.Methods().Where(m => m.Uses.Any(u => u.Type != m.Type && IsChange(u))).Select(m => m.Type.ToString()).Distinct();
        Assert.Equal(["FromNameSettings", "RuleSet", "SettingDirectives"], changes.Select(c => c.Split('.')[^1]).Order());
    }

    private static bool IsChange(MethodUse use) =>
        use.Type.Name is "SpamSettings" or "TrustedNetworks"
        && (use.Name.StartsWith("set_", StringComparison.Ordinal) || use.Name == "List");
}
