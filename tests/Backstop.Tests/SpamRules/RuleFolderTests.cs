using System.Text;
using Backstop.Configuration.Options;
using Backstop.Server.Filters;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Tests.SpamRules;

/// <summary>Rules are read where SpamAssassin reads them, and in its order.</summary>
public sealed class RuleFolderTests : IDisposable
{
    private static readonly byte[] _mail = Encoding.ASCII.GetBytes("Subject: great offer\n\nx\n");

    private readonly TempFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Every_channel_of_sa_update_is_read_the_official_one_first()
    {
        Distribution();
        Channel("a_example_org", "header GREAT Subject =~ /great/\nscore GREAT 3\nscore OFFER 2\n");
        Channel("updates_spamassassin_org", "header OFFER Subject =~ /offer/\nscore OFFER 1\n");
        Write("etc/spamassassin/local.cf", "required_score 4\n");
        var rules = RuleSet.Load(RuleFolders.Installed(_root.Path));
        var result = new SpamScanner(rules).Scan(_mail);
        Assert.Equal(["GREAT", "OFFER"], result.Hits.Select(h => h.Rule));
        Assert.Equal((5, 4), (result.Score, result.Required));
        Assert.Equal(
            ["updates_spamassassin_org.cf", "10.cf", "a_example_org.cf", "10.cf", "local.cf"],
            rules.Files.Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public void Distribution_counts_where_there_is_no_update()
    {
        Distribution();
        Directory.CreateDirectory(_root["var/lib/spamassassin/sa-update-keys"]);
        Directory.CreateDirectory(_root["var/lib/spamassassin/4.000001"]);
        Assert.Equal([_root["usr/share/spamassassin"]], RuleFolders.Installed(_root.Path));
    }

    [Fact]
    public void Latest_version_with_rules_counts()
    {
        Distribution();
        Write("var/lib/spamassassin/4.000001/x.cf", "");
        Write("var/lib/spamassassin/4.000002/x.cf", "");
        Directory.CreateDirectory(_root["var/lib/spamassassin/4.000003"]);
        Assert.Equal([_root["var/lib/spamassassin/4.000002"]], RuleFolders.Installed(_root.Path));
    }

    [Fact]
    public void Site_is_found_under_its_older_name()
    {
        Distribution();
        Write("etc/mail/spamassassin/local.cf", "");
        Assert.Equal([_root["usr/share/spamassassin"], _root["etc/mail/spamassassin"]], RuleFolders.Installed(_root.Path));
    }

    [Fact]
    public void Settings_of_the_site_are_read_before_those_of_the_rules()
    {
        Write("rules/a.pre", "if can(Mail::SpamAssassin::Conf::compat_x)\nloadplugin Mail::SpamAssassin::Plugin::Check\nendif\n");
        Write("site/init.pre", "enable_compat x\n");
        Write("rules/R.CF", "ifplugin Mail::SpamAssassin::Plugin::Check\nheader R Subject =~ /great/\nendif\n");
        var rules = RuleSet.Load([_root["rules"], _root["site"]]);
        Assert.Equal(["R"], new SpamScanner(rules).Scan(_mail).Hits.Select(h => h.Rule));
    }

    [Theory]
    [InlineData("rules/a.cf", "header B Subject =~ /offer/")]
    [InlineData("rules/included.inc", "header B Subject =~ /offer/")]
    [InlineData("rules/new.cf", "header B Subject =~ /offer/")]
    public void Rules_are_read_again_when_a_file_changes_or_comes(string file, string text)
    {
        Write("rules/a.cf", "include included.inc\nheader A Subject =~ /great/\n");
        Write("rules/included.inc", "required_score 5\n");
        var options = new BackstopOptions();
        options.Spam.Rules = [_root["rules"]];
        var engine = SpamEngine.Compile(SpamEngine.Read(options), options, null, TimeProvider.System);
        Assert.Same(engine, engine.Renewed(options, null, TimeProvider.System));
        Write(file, text + "\n");
        var renewed = engine.Renewed(options, null, TimeProvider.System);
        Assert.Contains(renewed.Scanner.Scan(_mail).Hits, h => h.Rule == "B");
    }

    private void Distribution() => Write("usr/share/spamassassin/10.cf", "header OLD Subject =~ /./\n");

    private void Channel(string name, string rules)
    {
        Write($"var/lib/spamassassin/4.000001/{name}.cf", $"# UPDATE version 1\ninclude {name}/10.cf\n");
        Write($"var/lib/spamassassin/4.000001/{name}/10.cf", rules);
    }

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root[path])!);
        File.WriteAllText(_root[path], text);
    }
}
