using System.Text.RegularExpressions;
using Backstop.SpamRules.Evals;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Tests.SpamRules;

/// <summary>
/// SpamAssassin 4.0.1 and we say the same of the mails in <c>tests/spam-cases</c>; every function that rules call has its cases.
/// </summary>
public sealed partial class SpamCaseTests
{
    /// <summary>SpamAssassin has these functions for old rule files; they never hit.</summary>
    private static readonly string[] _neverHit =
        ["check_for_illegal_ip", "check_for_unique_subject_id", .. LinkEvals.Unanswered];

    public static TheoryData<string> Cases => [.. SpamCase.All.Select(c => c.Name)];

    public static TheoryData<string> Functions =>
        [.. EvalTable.Standard().Names.Except(ExternalEvals.Names).Except(_neverHit).Except(["check_bayes"])];

    public static TheoryData<string> ExternalFunctions => [.. ExternalEvals.Names];

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Answers_are_those_of_SpamAssassin(string name)
    {
        var asked = SpamCase.All.Single(c => c.Name == name);
        var answered = asked.Answered();
        var expected = asked.Lines.Except(answered).Select(l => $"SpamAssassin: {l}");
        var differences = string.Join('\n', expected.Concat(answered.Except(asked.Lines).Select(l => $"here:         {l}")));
        Assert.True(asked.Lines.SequenceEqual(answered), $"{name}\n{differences}");
    }

    [Theory]
    [MemberData(nameof(Functions), DisableDiscoveryEnumeration = true)]
    public void Every_function_has_a_mail_that_it_hits_and_one_that_it_does_not(string function)
    {
        var calls = SpamCase.All.SelectMany(c => c.Rules).Where(r => Call().Match(r.Rule).Groups["name"].Value == function).ToList();
        Assert.Equal((function, true, true), (function, calls.Exists(c => c.Hits), calls.Exists(c => !c.Hits)));
    }

    [Fact]
    public void Functions_that_never_hit_do_not()
    {
        var rules = RuleSet.Parse(
            "loadplugin Mail::SpamAssassin::Plugin::DecodeShortURLs\n"
            + string.Join('\n', _neverHit.Select((f, i) => $"header R{i} eval:{f}()")));
        var result = new SpamScanner(rules).Scan("Subject: a 12345\nReceived: from a (a [1.2.3.4]) by b\n\nx\n"u8);
        Assert.Empty(result.Hits);
    }

    /// <summary>What needs the network is answered from outside, for one rule or for all that call the function.</summary>
    [Theory]
    [MemberData(nameof(ExternalFunctions), DisableDiscoveryEnumeration = true)]
    public void Functions_answered_from_outside_hit_as_they_are_told(string function)
    {
        var scanner = new SpamScanner(RuleSet.Parse($"header R eval:{function}()", options: new() { NetworkTests = true }));
        int Hits(string name, bool value) =>
            scanner.Scan("Subject: x\n\nx\n"u8, new Dictionary<string, bool> { [name] = value }).Hits.Count;
        Assert.Equal((function, 1, 1, 0, 0), (function, Hits(function, true), Hits("R", true), Hits("R", false), Hits("OTHER", true)));
    }

    [GeneratedRegex(@"eval:(?<name>\w+)\(", RegexOptions.None, 5000)]
    private static partial Regex Call();
}
