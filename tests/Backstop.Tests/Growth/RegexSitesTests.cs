using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.Tests.House;

namespace Backstop.Tests.Growth;

/// <summary>No expression of ours backtracks over text from outside. Read from the assemblies, so that no spelling hides one.</summary>
public sealed class RegexSitesTests
{
    // Where a Regex is made, and why that is safe. Those of ConditionLints read rcfiles; the inputs "lint of rcfiles" measure them.
    private static readonly Dictionary<string, string> _allowed = new(StringComparer.Ordinal)
    {
        ["PerlRegex.Linear"] = "never backtracks; Our_own_expressions_do_not_backtrack",
        ["PerlRegex.ForRuleFiles"] = "lines of rule files, never of mail",
        ["FlagLints.OutputDiscarded"] = "rcfiles; never backtracks",
        ["LockLints.Scanner"] = "rcfiles; never backtracks",
        ["ReplyLints.MakesReply"] = "rcfiles; never backtracks",
        ["ReplyLints.People"] = "rcfiles; never backtracks",
        ["SendmailSetup.DaemonOptions"] = "sendmail.mc of the administrator who runs setup",
        ["HostChecks.Version"] = "what the programs of this host print as their version; engine without backtracking",
        ["SendmailSetup.NoMsa"] = "sendmail.mc of the administrator who runs setup",
    };

    public static TheoryData<string> Projects => [.. Project.All.Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Projects), DisableDiscoveryEnumeration = true)]
    public void No_expression_is_made_where_nobody_has_looked(string project)
    {
        // The generator's own classes: the method that bears the attribute stands for each.
        var found = RegexSites.In(Project.All.Single(p => p.Name == project).Assembly)
            .Where(s => !s.StartsWith("<RegexGenerator_g>", StringComparison.Ordinal));
        Assert.DoesNotContain(found, s => !_allowed.ContainsKey(s) && !s.StartsWith("ConditionLints.", StringComparison.Ordinal));
    }

    /// <summary>The reader of assemblies finds what is there: else the test above could not fail.</summary>
    [Fact]
    public void Every_known_expression_is_found()
    {
        var found = Project.All.SelectMany(p => RegexSites.In(p.Assembly)).ToList();
        Assert.Empty(_allowed.Keys.Except(found, StringComparer.Ordinal));
        Assert.Contains(found, s => s.StartsWith("ConditionLints.", StringComparison.Ordinal));
        Assert.Contains("RegexSitesTests.MakesOne", RegexSites.In(typeof(RegexSitesTests).Assembly.Location));
    }

    [Fact]
    public void Our_own_expressions_do_not_backtrack()
    {
        Assert.True(new PerlRegex("a").Expression.Options.HasFlag(RegexOptions.NonBacktracking));
        Assert.Throws<NotSupportedException>(() => new PerlRegex("(?<!a)b").IsMatch("b"));
    }

    // Never called: what the reader of assemblies must find.
    private static bool MakesOne(string text) => Regex.IsMatch(text, "a", RegexOptions.NonBacktracking);
}
