namespace Backstop.Tests.House;

/// <summary>Each library that only computes can be used anywhere: it is not marked as Linux's alone, and calls nothing of it.</summary>
public sealed class PureLibraryTests
{
    private const string Marked = "SupportedOSPlatformAttribute";

    private static readonly string[] _pure =
    [
        "Backstop.Automata", "Backstop.Backscatter", "Backstop.Mail", "Backstop.MailAuth", "Backstop.Protocols", "Backstop.Recipes",
        "Backstop.SpamRules",
    ];

    // Who reads files all the same.
    private static readonly string[] _readers =
        ["Backstop.SpamRules.Rules.PluginFile", "Backstop.SpamRules.Rules.RuleFileReader", "Backstop.SpamRules.Rules.RuleFolders"];

    private static readonly string[] _files = ["System.IO.Directory", "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream"];

    [Fact]
    public void Only_who_needs_linux_is_marked_so() => Assert.All(Project.All, project =>
    {
        using var code = new AssemblyCode(project.Assembly);
        Assert.Equal((project.Name, !_pure.Contains(project.Name)), (project.Name, code.Attributes().Any(t => t.Name == Marked)));
    });

    [Fact]
    public void Pure_libraries_call_nothing_native() => Assert.All(Pure(), project =>
    {
        using var code = new AssemblyCode(project.Assembly);
        Assert.DoesNotContain(code.Methods(), m => m.Import is not null);
    });

    [Fact]
    public void Pure_libraries_use_only_pure_ones() => Assert.All(Pure(), project =>
    {
        using var code = new AssemblyCode(project.Assembly);
        var ours = code.TypeUses().Select(u => u.To.Assembly).Where(a => a.StartsWith("Backstop", StringComparison.Ordinal));
        Listed.None("not pure", ours.Distinct().Except(_pure));
    });

    [Fact]
    public void Pure_libraries_touch_no_files()
    {
        var found = Pure().SelectMany(project =>
        {
            using var code = new AssemblyCode(project.Assembly);
            return code.Methods().Where(m => m.Uses.Any(u => _files.Contains(u.Type.ToString()))).Select(m => m.Type.ToString()).ToList();
        });
        Listed.Exactly(_readers, found);
    }

    private static IEnumerable<Project> Pure() => Project.All.Where(p => _pure.Contains(p.Name));
}
