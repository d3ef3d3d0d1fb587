using Backstop.Deliver;
using Backstop.Recipes.Running;

namespace Backstop.Tests.Deliver;

/// <summary>Folders of a server's recipes that cannot be used: the next recipe has its turn.</summary>
public sealed class PlanHostTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>"$A/$B/" with neither set threw out of the run, and the message was postponed for ever.</summary>
    [Theory]
    [InlineData("/")]
    [InlineData("//")]
    [InlineData("///")]
    [InlineData("$A/$B/")]
    [InlineData("/./")]
    [InlineData("/../")]
    [InlineData("/.")]
    [InlineData("//.")]
    public void The_root_is_no_folder(string name)
    {
        var host = Run($":0\n{name}\n:0\nbox\n", out var outcome);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(_folder["box"], Assert.Single(host.Plan).Folder.Path);
        Assert.False(host.HasActed);
    }

    private PlanHost Run(string rc, out RecipeOutcome outcome)
    {
        var path = _folder["rc"];
        File.WriteAllText(path, rc);
        var host = new PlanHost(
            new() { HostName = "mx.example.org", Log = static _ => { }, MayReply = static _ => false }, TimeProvider.System);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEFAULT"] = "inbox" };
        outcome = new RecipeRun(new(), host, new(), "From a@b Mon\nSubject: x\n\nb\n"u8.ToArray(), variables, _folder.Path).Execute([path]);
        return host;
    }
}
