namespace Backstop.Tests.House;

/// <summary>
/// A constructor that takes very much lacks a part that some of it belongs to. Lines of JSON or of a table are what they are.
/// </summary>
public sealed class ConstructorTests
{
    private const int Most = 8;

    private static readonly Dictionary<string, string> _allowed = new(StringComparer.Ordinal)
    {
        ["ActivityFigures"] = "a line of figures, for the dashboard",
        ["CleanCampaign"] = "JSON of clean",
        ["CleanMessage"] = "JSON of clean",
        ["CleanSummary"] = "JSON of clean",
        ["Decision"] = "a line of the activity page",
        ["Explanation"] = "JSON of explain",
        ["HeaderRequest"] = "what a rule writes behind a field's name, a flag each",
        ["LintLine"] = "JSON of lint",
        ["QueueLine"] = "JSON of queue",
        ["ServerStatus"] = "JSON of status",
        ["SmtpCommand"] = "a line of SMTP: what a verb may have, with defaults",
        ["StormRecord"] = "JSON of a storm",
    };

    [Fact]
    public void No_constructor_takes_more_than_eight_parts()
    {
        var large = Project.All.SelectMany(Large).Distinct().ToList();
        Listed.None("constructors of more than eight parameters that are not listed here", large.Except(_allowed.Keys));
        Listed.None("listed here, but small or gone", _allowed.Keys.Except(large));
    }

    private static IEnumerable<string> Large(Project project)
    {
        using var code = new AssemblyCode(project.Assembly);
        return [.. code.Constructors().Where(c => c.Parameters > Most).Select(c => c.Type.Name)];
    }
}
