using System.Text;
using Backstop.Mail;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Tests.SpamRules;

public sealed class RuleFileTests
{
    private const string Mail = """
        Received: from mail.a.test (host.a.test [192.0.2.1]) by mx.b.test (Postfix) with ESMTP id 1234567
        From: "A. Person" <person@a.test>
        To: me@b.test
        Cc: you@b.test
        Subject: An offer
        Message-ID: <1@a.test>

        Dear friend, this is a great great offer.
        Look at http://www.shop.test/buy?x=1 or write to sales@shop.test today!

        """;

    [Theory]
    [InlineData("header", "header R Subject =~ /offer/")]
    [InlineData("header of address", "header R From:addr =~ /^person\\@a\\.test$/")]
    [InlineData("header of name", "header R From:name =~ /^A\\. Person$/")]
    [InlineData("absent header is empty", "header R X-None =~ /^$/")]
    [InlineData("exists", "header R exists:Cc")]
    [InlineData("not", "header R X-None !~ /x/")]
    [InlineData("if-unset", "header R X-None =~ /nothing/ [if-unset: nothing]")]
    [InlineData("ToCc", "header R ToCc =~ /me\\@b\\.test.*you\\@b\\.test/s")]
    [InlineData("ALL", "header R ALL =~ /^Cc: you/m")]
    [InlineData("MESSAGEID", "header R MESSAGEID =~ /^<1\\@/")]
    [InlineData("relays", "header R X-Spam-Relays-External =~ /^\\[ ip=192\\.0\\.2\\.1 rdns=host\\.a\\.test helo=mail\\.a\\.test /")]
    [InlineData("body has the subject", "body R /^An offer/")]
    [InlineData("body", "body R /great great/")]
    [InlineData("rawbody", "rawbody R /offer\\.\\nLook/")]
    [InlineData("uri", "uri R m{^http://www\\.shop\\.test/buy}")]
    [InlineData("mail uri", "uri R /^mailto:sales/")]
    [InlineData("uri_detail", "uri_detail R domain =~ /^shop\\.test$/ type =~ /parsed/")]
    [InlineData("full", "full R /^Message-ID: .*\\n\\nDear/m")]
    [InlineData("mimeheader", "mimeheader R Subject =~ /offer/")]
    [InlineData("eval", "header R eval:check_header_count_range('Subject','1','1')")]
    [InlineData("meta", "body __A /great/\nbody __B /small/\nmeta R __A && !__B")]
    [InlineData("meta counts", "body __A /great/\ntflags __A multiple\nmeta R __A == 2")]
    [InlineData("maxhits", "body __A /[aeiou]/\ntflags __A multiple maxhits=3\nmeta R __A == 3")]
    [InlineData("maxhits behind a comma", "body __A /[aeiou]/\ntflags __A multiple, maxhits=3\nmeta R __A == 3")]
    [InlineData("flags in one word", "body __A /[aeiou]/\ntflags __A multiple;maxhits=3,nice\nmeta R __A == 3")]
    [InlineData("no number of hits", "body __A /great/\ntflags __A my-multiple maxhits=1x\nmeta R __A == 2")]
    [InlineData("sum", "body __A /great/\nbody __B /offer/\nmeta R (__A + __B + __C) > 1")]
    [InlineData("choice", "body __A /great/\nmeta R __A ? 3 : 0")]
    [InlineData("rules_matching", "body __A_1 /great/\nbody __A_2 /offer/\nmeta R rules_matching(__A_*) == 2")]
    [InlineData("replace_tag", "replace_tag G (?:g|9)\nbody R /<G>re<A>t/\nreplace_tag A a\nreplace_rules R")]
    [InlineData("version", "if (version >= 3.004000)\nbody R /great/\nelse\nbody R /small/\nendif")]
    [InlineData("plugin", "ifplugin Mail::SpamAssassin::Plugin::Nothing\nbody R /small/\nelse\nbody R /great/\nendif")]
    [InlineData("can", "if can(Mail::SpamAssassin::Conf::feature_bug6558_free)\nbody R /great/\nendif")]
    [InlineData("compat", "enable_compat x_y\nif can(Mail::SpamAssassin::Conf::compat_x_y)\nbody R /great/\nendif")]
    [InlineData("no compat", "if !can(Mail::SpamAssassin::Conf::compat_x_y)\nbody R /great/\nendif")]
    [InlineData("nested", "if (0)\nif (1)\nbody R /small/\nendif\nelse\nbody R /great/\nendif")]
    [InlineData("captured", "header __T Subject =~ /(?<WORD>off\\w+)/\nbody R /great %{WORD}/")]
    [InlineData("escaped hash", "body R /a \\#?great/ # comment")]
    public void Every_kind_of_rule_hits(string what, string rules) =>
        Assert.Equal((what, "R"), (what, string.Join(',', Scan(rules + "\nscore R 1\nutil_rb_tld test").Hits.Select(h => h.Rule))));

    [Theory]
    [InlineData("nosubject", "body R /^An/\ntflags R nosubject")]
    [InlineData("score 0", "body R /great/\nscore R 0")]
    [InlineData("replaced", "body R /great/\nbody R /small/")]
    [InlineData("circle", "body __A /great/\nmeta R __B || __A\nmeta __B R")]
    [InlineData("meta on a meta of no points that holds", "meta R !__B\nmeta __B 1\nscore __B 0")]
    [InlineData("not multiple", "body __A /great/\ntflags __A nomultiple\nmeta R __A == 2")]
    [InlineData("net", "header R eval:check_for_spf_pass()\ntflags R net")]
    public void What_must_not_hit_does_not(string what, string rules) => Assert.Equal((what, 0), (what, Scan(rules).Hits.Count));

    [Fact]
    public void Captured_texts_fill_a_pattern_up_to_a_bound()
    {
        var words = Enumerable.Range(0, 20).Select(i => new string((char)('a' + i), 500)).ToList();
        var mail = $"Subject: x\n\n{string.Concat(words.Select(w => $"({w})\n"))}\n{string.Concat(words.Select(w => $"<{w}>\n"))}";
        var scanner = new SpamScanner(RuleSet.Parse(
            "rawbody __W /\\((?<WORD>\\w+)\\)/\ntflags __W multiple\nrawbody R /<%{WORD}>/\ntflags R multiple\nscore R 1"));
        var budget = new MessageBudget(TimeSpan.FromMilliseconds(250), static () => TimeSpan.Zero);
        Assert.Equal(8, scanner.ScanWhole(Encoding.ASCII.GetBytes(mail), learner: null, budget).Result.Score);
        Assert.InRange(budget.Spent.TotalMilliseconds, 1, 20);
    }

    [Fact]
    public void Scores_add_up_and_multiple_counts_each()
    {
        var result = Scan(
            "body A /great/\ntflags A multiple\nscore A 1.25\nbody B /offer/\nscore B 0.1 0.2 0.3 0.4\nscore B (0.5)\ndescribe B "
                + "Offers\nbody T_C /friend/");
        Assert.Equal(3.11, result.Score);
        Assert.Equal(["A", "A", "B", "T_C"], result.Hits.Select(h => h.Rule));
        Assert.Equal("Offers", result.Hits[2].Description);
        Assert.False(result.IsSpam);
    }

    [Theory]
    [InlineData("body", "rules:1: 'body' is not the name of a rule; write letters, digits and _, a letter first", "body")]
    [InlineData("frobnicate 1", "rules:1: unknown setting 'frobnicate'", "")]
    [InlineData("\nbody A /a(/", "rules:2: rule A: group without end", "")]
    [InlineData("body A eval:html_text_match('title','(')", "rules:1: rule A: group without end", "")]
    [InlineData("body A eval:image_name_regex('(')", "rules:1: rule A: group without end", "")]
    [InlineData("header A eval:check_freemail_header('From','a(')", "rules:1: rule A: group without end", "")]
    [InlineData("freemail_domains a.test b/c", "rules:1: 'b/c' is not a domain; write letters, digits", "")]
    [InlineData("rewrite_header Date late", "rules:1: 'Date' cannot be rewritten, only Subject, From or To", "")]
    [InlineData("priority A high", "rules:1: priority A: 'high' is not a whole number", "")]
    [InlineData("meta A B &&", "rules:1: rule A: something is missing at the end", "")]
    [InlineData("if (foo)\nendif", "rules:1: condition '(foo)': unknown word 'foo'; its lines are skipped", "")]
    [InlineData("if (1)", "rules:1: if without endif", "")]
    [InlineData("endif", "rules:1: 'endif' without an if", "")]
    [InlineData("score A x", "rules:1: score A: not a number", "")]
    [InlineData("trusted_networks 1.2.3.4.5", "rules:1: '1.2.3.4.5' is not a network; write an address, 10.1. or 10.0.0.0/8", "")]
    [InlineData("required_score many", "rules:1: 'many' is not a number", "")]
    public void Lines_that_are_not_understood_are_reported_with_their_place(string rules, string expected, string note)
    {
        Assert.NotNull(note);
        var set = RuleSet.Parse(rules);
        Assert.StartsWith(
            expected.Replace("'body'", "''", StringComparison.Ordinal), Assert.Single(new SpamScanner(set).Diagnostics).ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_function_that_is_not_there_is_listed_not_forgotten()
    {
        var scanner = new SpamScanner(RuleSet.Parse("body A eval:check_the_weather()"));
        Assert.Equal(("A", "function check_the_weather is not implemented"), Assert.Single(scanner.Unsupported));
    }

    [Fact]
    public void Hosts_of_the_configuration_are_our_bounce_relays()
    {
        const string rules = "header A eval:have_any_bounce_relays()\nbody B eval:check_welcomelist_bounce_relays()";
        var set = RuleSet.Parse(rules, options: new RuleSetOptions { OwnHosts = ["mx.b.test"] });
        var bounce = "From: mailer-daemon@c.test\n\nReturned:\n\nReceived: from me by mx.b.test (Backstop) id 1; Mon, 1 Jan "
            + "2024\nSubject: x\n";
        Assert.Equal(["A", "B"], new SpamScanner(set).Scan(Encoding.Latin1.GetBytes(bounce)).Hits.Select(h => h.Rule));
        Assert.Empty(new SpamScanner(RuleSet.Parse(rules)).Scan(Encoding.Latin1.GetBytes(bounce)).Hits);
    }

    [Fact]
    public void Own_rules_all_run_and_spare_plain_mail()
    {
        var scanner = new SpamScanner(RuleSet.Own());
        Assert.Empty(scanner.Unsupported);
        Assert.Empty(scanner.Diagnostics);
        Assert.False(scanner.Scan(Encoding.Latin1.GetBytes(Mail)).IsSpam);
    }

    [Fact]
    public void Files_of_folders_are_read_in_the_order_of_their_names()
    {
        using var folder = new TempFolder();
        File.WriteAllText(Path.Combine(folder.Path, "20_b.cf"), "score A 2\ninclude sub/x.inc\n");
        File.WriteAllText(Path.Combine(folder.Path, "10_a.cf"), "body A /great/\nscore A 1\n");
        File.WriteAllText(Path.Combine(folder.Path, "readme.txt"), "body Z /great/\n");
        Directory.CreateDirectory(Path.Combine(folder.Path, "sub"));
        File.WriteAllText(Path.Combine(folder.Path, "sub", "x.inc"), "body B /offer/\nbogus\n");
        var set = RuleSet.Load([folder.Path]);
        Assert.Equal(3, new SpamScanner(set).Scan(Encoding.Latin1.GetBytes(Mail)).Score);
        Assert.EndsWith("sub/x.inc:2: unknown setting 'bogus'", Assert.Single(set.Diagnostics).ToString(), StringComparison.Ordinal);
    }

    private static ScanResult Scan(string rules) => new SpamScanner(RuleSet.Parse(rules)).Scan(Encoding.Latin1.GetBytes(Mail));
}
