using Backstop.Configuration.Options;

namespace Backstop.Tests.Server;

/// <summary>Names of users come from any client of spamd and become parts of paths.</summary>
public sealed class SpamUserNameTests
{
    [Theory]
    [InlineData("alice", "", "")]
    [InlineData("alice@example.org", "alice", "example.org")]
    [InlineData("a.b+c_d=e,f-g@example.org", "a.b+c_d=e,f-g", "example.org")]
    [InlineData("a@b@example.org", "a@b", "example.org")]
    public void A_name_has_a_local_part_and_a_domain_where_it_is_an_address(string text, string local, string domain) =>
        Assert.Equal(new SpamUserName(text, local, domain), SpamUserName.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../alice")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    [InlineData("a b")]
    [InlineData("%u")]
    [InlineData("~root")]
    [InlineData("a..b")]
    [InlineData(".hidden")]
    [InlineData("a@.hidden")]
    [InlineData("a@..")]
    [InlineData("@example.org")]
    [InlineData("alice@")]
    [InlineData("álice")]
    [InlineData("a*")]
    public void A_name_that_could_leave_its_folder_is_none(string text) => Assert.Null(SpamUserName.TryParse(text));

    [Fact]
    public void A_name_is_short()
    {
        Assert.NotNull(SpamUserName.TryParse(new('a', 128)));
        Assert.Null(SpamUserName.TryParse(new('a', 129)));
    }

    [Theory]
    [InlineData("/p/%u", "alice@example.org", "/p/alice@example.org")]
    [InlineData("/p/%d/%l/user_prefs", "alice@example.org", "/p/example.org/alice/user_prefs")]
    [InlineData("/p/100%%/%u.cf", "alice", "/p/100%/alice.cf")]
    [InlineData("/p/%d/%l", "alice", null)]
    [InlineData("~/.spamassassin/user_prefs", "alice", ".spamassassin/user_prefs")]
    public void A_pattern_gives_the_path_of_a_user(string pattern, string user, string? path)
    {
        Assert.Null(UserPrefsPath.Error(pattern));
        Assert.Equal(path, UserPrefsPath.Of(pattern, SpamUserName.TryParse(user)!));
    }

    [Theory]
    [InlineData("/p/user_prefs")]
    [InlineData("p/%u")]
    [InlineData("/p/%x")]
    [InlineData("/p/%u/%")]
    [InlineData("~/%u")]
    [InlineData("~alice/prefs")]
    public void A_pattern_that_names_no_users_file_is_an_error(string pattern) => Assert.NotNull(UserPrefsPath.Error(pattern));
}
