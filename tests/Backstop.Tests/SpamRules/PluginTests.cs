using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Tests.SpamRules;

/// <summary>Plugins that no site has by default exist only where a rule file loads them.</summary>
public sealed class PluginTests
{
    private const string Load = "loadplugin Mail::SpamAssassin::Plugin::";
    private const string Rule = "header SPOOF eval:check_fromname_different()\n";

    private static readonly byte[] _mail = "From: \"boss@example.com\" <eve@bad.test>\n\nx\n"u8.ToArray();

    [Fact]
    public void A_function_is_unknown_until_its_plugin_is_loaded()
    {
        var without = new SpamScanner(RuleSet.Parse("util_rb_tld com test\n" + Rule));
        var with = new SpamScanner(RuleSet.Parse("util_rb_tld com test\n" + Rule + Load + "FromNameSpoof\n"));
        Assert.Equal([("SPOOF", "function check_fromname_different: plugin FromNameSpoof is not loaded")], without.Unsupported);
        Assert.Empty(without.Scan(_mail).Hits);
        Assert.Empty(with.Unsupported);
        Assert.Equal("SPOOF", Assert.Single(with.Scan(_mail).Hits).Rule);
    }

    [Theory]
    [InlineData("fns_check 1", "rules:1: 'fns_check': plugin FromNameSpoof is not loaded", true)]
    [InlineData("ok_languages de", "rules:1: 'ok_languages': plugin TextCat is not loaded", false)]
    [InlineData(Load + "FromNameSpoof\nfns_check 7", "rules:2: fns_check: '7' is not 0, 1 or 2", true)]
    [InlineData(Load + "FromNameSpoof\nfns_extrachars", "rules:2: fns_extrachars: a value is missing", true)]
    [InlineData(Load + "OLEVBMacro\nolemacro_exts", "rules:2: olemacro_exts: a value is missing", true)]
    public void A_setting_is_reported_where_its_plugin_is_not_loaded_or_its_value_is_wrong(string lines, string expected, bool isError)
    {
        var diagnostic = Assert.Single(RuleSet.Parse(lines).Diagnostics);
        Assert.Equal((expected, isError), (diagnostic.ToString(), diagnostic.IsError));
    }

    [Fact]
    public void Settings_between_ifplugin_and_endif_are_passed_over_without_a_word()
    {
        const string lines = "ifplugin Mail::SpamAssassin::Plugin::FromNameSpoof\nfns_check 1\n" + Rule + "endif\n";
        var rules = RuleSet.Parse(lines);
        Assert.Equal((0, 0), (rules.Count, rules.Diagnostics.Count));
    }

    [Theory]
    [InlineData("DecodeShortURLs", "has_get")]
    [InlineData("DecodeShortURLs", "has_short_url_redir")]
    [InlineData("OLEVBMacro", "has_olertfobject")]
    public void A_feature_of_a_plugin_is_there_where_the_plugin_is_loaded(string plugin, string feature)
    {
        var lines = $"if can(Mail::SpamAssassin::Plugin::{plugin}::{feature})\nbody FEATURE /x/\nendif\n";
        Assert.Equal((0, 1), (RuleSet.Parse(lines).Count, RuleSet.Parse(Load + plugin + "\n" + lines).Count));
    }

    [Fact]
    public void A_feed_that_is_missing_is_reported_and_the_others_are_read()
    {
        using var folder = new TempFolder();
        var feed = Path.Combine(folder.Path, "feed.csv");
        File.WriteAllText(feed, "title\n1,\"http://bad.test/login\"\n");
        var rules = RuleSet.Parse($"""
            util_rb_tld test
            {Load}Phishing
            phishing_openphish_feed {folder.Path}/none
            phishing_phishtank_feed {feed}
            body PHISH eval:check_phishing()
            """);
        var diagnostic = Assert.Single(rules.Diagnostics);
        Assert.Equal(($"rules:3: {folder.Path}/none: no such file", false), (diagnostic.ToString(), diagnostic.IsError));
        Assert.Equal("PHISH", Assert.Single(new SpamScanner(rules).Scan("Subject: x\n\nhttp://bad.test/login\n"u8).Hits).Rule);
    }

    [Fact]
    public void Without_language_models_no_language_is_told_and_that_is_reported()
    {
        using var folder = new TempFolder();
        File.WriteAllText(Path.Combine(folder.Path, "languages"), "");
        var lines = Load + "TextCat\nok_languages de\nbody LANGUAGE eval:check_language()\n";
        var rules = RuleSet.Parse(lines, Path.Combine(folder.Path, "rules"));
        Assert.Empty(new SpamScanner(rules).Scan(Octets(new string('x', 300))).Hits);
        Assert.Equal(["plugin TextCat cannot tell languages: the file holds no models"], rules.Diagnostics.Select(d => d.Message));
    }

    [Fact]
    public void Rules_about_countries_are_reported_once()
    {
        var rules = RuleSet.Parse(Load + "URILocalBL\nuri_block_cc A cn\nuri_block_cont B af\nuri_block_isp C \"Some One\"\n");
        Assert.Single(rules.Diagnostics);
        Assert.Equal(3, rules.Count);
        Assert.Empty(new SpamScanner(rules).Scan("Subject: x\n\nhttp://192.0.2.1/\n"u8).Hits);
    }

    private static byte[] Octets(string body) => System.Text.Encoding.ASCII.GetBytes($"Subject: x\n\n{body}\n");
}
