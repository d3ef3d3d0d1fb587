using Backstop.Recipes.Running;

namespace Backstop.Tests.Recipes;

public class RecipeDefaultsTests
{
    [Fact]
    public void Where_no_inbox_is_named_what_the_caller_has_of_it_stays()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEFAULT"] = "own", ["HOST"] = "old" };
        RecipeDefaults.Set(variables, "/home/bob", "bob", "mx.example.org", inbox: null);
        Assert.Equal("own", variables["DEFAULT"]);
        Assert.False(variables.ContainsKey("ORGMAIL"));
        Assert.Equal(("mx.example.org", "/home/bob", "bob"), (variables["HOST"], variables["MAILDIR"], variables["LOGNAME"]));

        RecipeDefaults.Set(variables, "/home/bob", "bob", "mx.example.org", "/var/mail/bob");
        Assert.Equal(("/var/mail/bob", "/var/mail/bob"), (variables["DEFAULT"], variables["ORGMAIL"]));
    }
}
