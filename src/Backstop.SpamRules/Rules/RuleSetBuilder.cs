using System.Globalization;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Rules;

/// <summary>Gathers what rule files say, in their order: later lines win. Lives until a <see cref="RuleSet"/> is made of it.</summary>
internal sealed class RuleSetBuilder
{
    /// <summary>The most characters behind the first word of a line in a user's file: some lines cost more than their length.</summary>
    public const int MaxUserLine = 8 << 10;

    public const string TooLong = "longer than 8 KiB, which no line of a user's file may be";

    private static readonly PerlRegex _ruleName = new("^[_a-zA-Z][_a-zA-Z0-9]{0,99}$");
    private static readonly PerlRegex _number = new("^-?\\d+(?:\\.\\d+)?$");
    private static readonly PerlRegex _function = new("^(\\w+)\\((.*)\\)$");
    private static readonly PerlRegex _headerTest = new("^([\\w.-]+(?:\\:|(?:\\:[a-z]+){1,2})?)\\s*([=!]~)\\s*(.+)$");
    private static readonly PerlRegex _mimeTest = new("^([^:\\s]+(?:\\:(?:raw)?)?)\\s*([=!]~)\\s*(.+)$");
    private static readonly PerlRegex _ifUnset = new("\\s+\\[if-unset:\\s+(.+)\\]$");
    private static readonly PerlRegex _argument = PerlRegex.ForRuleFiles("\\G\\s*(?:(['\"])(.*?)\\1|([\\d.:A-Za-z-]+?))\\s*(?:,\\s*|$)");
    private static readonly PerlRegex _criterion = PerlRegex.ForRuleFiles(
        "\\b(\\w+)\\b\\s*([=!]~)\\s*((?:/.*?/|m(\\W).*?\\4)[imsx]*)(?=\\s|$)");

    /// <summary>The most rules that one user may add: each is tried on all his mail.</summary>
    private const int MaxUserRules = 200;

    /// <summary>
    /// The most faults of a user's file that are kept; the others are only counted. Each is cut to <see cref="MaxUserFault"/>.
    /// </summary>
    private const int MaxUserFaults = 100;
    private const int MaxUserFault = 300;

    private readonly SettingDirectives _settings;
    private readonly RuleSet? _site;

    /// <summary>Makes a builder for the rules of a site.</summary>
    public RuleSetBuilder(bool networkTests)
    {
        NetworkTests = networkTests;
        _settings = new SettingDirectives(this);
    }

    /// <summary>Makes a builder for the file of a user, whose lines override the site's; the site's set is not changed.</summary>
    public RuleSetBuilder(RuleSet site)
    {
        (_site, NetworkTests, Settings) = (site, site.NetworkTests, site.Settings.Copy());
        (Rules, Scores, Descriptions, Flags) = (new(site.Rules), new(site.Scores), new(site.Descriptions), new(site.Flags));
        Replacements = site.Settings.AllowUserRules ? site.Replacements.Copy() : site.Replacements;
        _settings = new SettingDirectives(this);
    }

    public bool NetworkTests { get; }

    /// <summary>The set that a user's file builds on; null: a site's rules are read.</summary>
    public RuleSet? Site => _site;

    public LoadedPlugins Plugins => Settings.Plugins.Loaded;

    public SpamSettings Settings { get; } = new();

    public List<RuleDiagnostic> Diagnostics { get; } = [];

    public LayeredDictionary<RuleDefinition> Rules { get; } = new();

    /// <summary>Four scores a rule: plain, with network tests, with Bayes, with both.</summary>
    public LayeredDictionary<double[]> Scores { get; } = new();

    public LayeredDictionary<string> Descriptions { get; } = new();

    public LayeredDictionary<RuleFlags> Flags { get; } = new();

    public ReplaceTags Replacements { get; } = new();

    /// <summary>Faults of a user's file beyond those in <see cref="Diagnostics"/>.</summary>
    public int UnnamedFaults { get; private set; }

    public void Report(SourceLine source, string message, bool isError)
    {
        if (_site is not null && Diagnostics.Count >= MaxUserFaults)
        {
            UnnamedFaults++;
            return;
        }

        message = _site is null || message.Length <= MaxUserFault ? message : $"{message[..MaxUserFault]}...";
        Diagnostics.Add(new RuleDiagnostic(source, message, isError));
    }

    public void Apply(string key, string value, SourceLine source)
    {
        if (_site is not null && WhyRefused(key, value) is { } why)
        {
            Report(source, why, isError: true);
            return;
        }

        switch (key)
        {
            case "header" or "body" or "rawbody" or "full" or "uri" or "meta" or "mimeheader" or "uri_detail":
                AddRule(key, value, source);
                break;
            case "score":
                AddScore(value, source);
                break;
            case "describe":
                AddNamed(value, source, (name, text) => Descriptions[name] = text);
                break;
            case "tflags":
                AddNamed(value, source, (name, text) => Flags[name] = new RuleFlags(text));
                break;
            case "priority":
                AddNamed(value, source, (name, text) => CheckPriority(name, text, source));
                break;
            case "enable_compat":
                Plugins.EnableCompatibility(value);
                break;
            case "reuse":
                AddReused(value, source);
                break;
            case "loadplugin" or "tryplugin":
                Plugins.Load(value.Split([' ', '\t'], 2)[0]);
                break;
            default:
                if (!Replacements.TryApply(key, value))
                {
                    _settings.Apply(key, value, source);
                }

                break;
        }
    }

    // SpamAssassin 4.0.1: a user adds rules to those of the site and cannot change them.
    private string? WhyRefused(string key, string value)
    {
        if (UserDirectives.WhyRefused(key, Settings.AllowUserRules) is { } why)
        {
            return why;
        }

        if (value.Length > MaxUserLine)
        {
            return $"'{key}': the line is {TooLong}";
        }

        if (key is not ("header" or "body" or "rawbody" or "full" or "uri" or "meta" or "mimeheader" or "uri_detail" or "reuse"
            or "tflags"))
        {
            return null;
        }

        var (name, _) = Split(value);
        return _site!.Rules.ContainsKey(name) ? $"'{key} {name}': the rule is the site's, and a user can only change its score"
            : key is not "tflags" && !Rules.ContainsKey(name) && Rules.Own.Count >= MaxUserRules
                ? $"rule {name}: a user can have at most {MaxUserRules} rules"
            : null;
    }

    private void AddRule(string key, string value, SourceLine source)
    {
        var (name, text) = Split(value);
        if (!_ruleName.IsMatch(name))
        {
            Report(source, $"'{name}' is not the name of a rule; write letters, digits and _, a letter first", isError: true);
            return;
        }

        if (text.Length == 0)
        {
            Report(source, $"rule {name} is empty", isError: true);
            return;
        }

        var rule = key switch
        {
            "header" when EvalText(text) is { } eval =>
                Eval(
                    name, eval,
                    text.StartsWith("rbl", StringComparison.Ordinal) || eval.StartsWith("check_rbl", StringComparison.Ordinal)
                        || eval.StartsWith("check_dns", StringComparison.Ordinal)
                        ? EvalArea.Network
                        : EvalArea.Header,
                    source),
            "header" => Header(name, text, source),
            "mimeheader" => MimeHeader(name, text, source),
            "uri_detail" => UriDetail(name, text, source),
            "meta" => new RuleDefinition(name, RuleKind.Meta, text, source),
            "body" => EvalText(text) is { } eval ? Eval(name, eval, EvalArea.Body, source) : Pattern(name, RuleKind.Body, text, source),
            "rawbody" =>
                EvalText(text) is { } eval ? Eval(name, eval, EvalArea.RawBody, source) : Pattern(name, RuleKind.RawBody, text, source),
            "full" => EvalText(text) is { } eval ? Eval(name, eval, EvalArea.Full, source) : Pattern(name, RuleKind.Full, text, source),
            _ => Pattern(name, RuleKind.Uri, text, source),
        };
        if (rule is not null)
        {
            Rules[name] = rule;
        }
    }

    private static string? EvalText(string text) =>
        text.StartsWith("eval:", StringComparison.Ordinal) ? text[5..]
            : text.StartsWith("rbleval:", StringComparison.Ordinal) ? text[8..]
            : null;

    private static RuleDefinition Pattern(string name, RuleKind kind, string text, SourceLine source) =>
        new(name, kind, text, source) { Pattern = text };

    private RuleDefinition? Eval(string name, string text, EvalArea area, SourceLine source)
    {
        if (_function.Match(text) is not { Success: true } match || Arguments(match.Groups[2].Value) is not { } arguments)
        {
            Report(source, $"rule {name}: '{text}' is not a function call; write eval:function(arguments)", isError: true);
            return null;
        }

        return new RuleDefinition(
            name, RuleKind.Eval, text, source)
        { Function = match.Groups[1].Value, Arguments = arguments, Area = area };
    }

    private static List<string>? Arguments(string text)
    {
        var arguments = new List<string>();
        var at = 0;
        while (at < text.Length && text.AsSpan(at).ContainsAnyExcept(" \t"))
        {
            if (_argument.Match(text, at) is not { Success: true } match)
            {
                return null;
            }

            arguments.Add(match.Groups[1].Success ? match.Groups[2].Value : match.Groups[3].Value);
            at = match.Index + match.Length;
        }

        return arguments;
    }

    private RuleDefinition? Header(string name, string text, SourceLine source)
    {
        if (text.StartsWith("exists:", StringComparison.Ordinal))
        {
            return new RuleDefinition(name, RuleKind.Header, text, source) { Header = text[7..].TrimEnd(':') };
        }

        return HeaderPattern(_headerTest, RuleKind.Header, name, text, source);
    }

    private RuleDefinition? MimeHeader(string name, string text, SourceLine source) =>
        HeaderPattern(_mimeTest, RuleKind.MimeHeader, name, text, source);

    private RuleDefinition? HeaderPattern(PerlRegex form, RuleKind kind, string name, string text, SourceLine source)
    {
        if (form.Match(text) is not { Success: true } match)
        {
            Report(source, $"rule {name}: '{text}' is not a header test; write Field =~ /pattern/", isError: true);
            return null;
        }

        var pattern = match.Groups[3].Value;
        var unset = _ifUnset.Match(pattern);
        return new RuleDefinition(name, kind, text, source)
        {
            Header = match.Groups[1].Value.TrimEnd(':'),
            IsNegated = match.Groups[2].Value == "!~",
            Pattern = unset.Success ? pattern[..unset.Index] : pattern,
            IfUnset = unset.Success ? unset.Groups[1].Value : null,
        };
    }

    private RuleDefinition? UriDetail(string name, string text, SourceLine source)
    {
        var criteria = _criterion.Matches(text)
            .Select(m => new UriCriterion(m.Groups[1].Value, m.Groups[2].Value == "!~", m.Groups[3].Value)).ToList();
        if (criteria.Count == 0 || criteria.Any(c => c.Target is not ("raw" or "type" or "cleaned" or "text" or "domain" or "host")))
        {
            Report(source, $"rule {name}: '{text}' is not a test of URI parts; write part =~ /pattern/", isError: true);
            return null;
        }

        return new RuleDefinition(name, RuleKind.UriDetail, text, source) { Criteria = criteria };
    }

    private void AddScore(string value, SourceLine source)
    {
        var words = value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is not (2 or 5))
        {
            Report(source, "write the rule's name and one score or four", isError: true);
            return;
        }

        var isRelative = words.Skip(1).Any(w => w.StartsWith('(') && w.EndsWith(')'));
        var numbers = words.Skip(1).Select(w => w.Trim('(', ')')).ToList();
        if (!numbers.All(n => _number.IsMatch(n)) || (isRelative && !Scores.ContainsKey(words[0])))
        {
            Report(
                source, isRelative ? $"no score of {words[0]} before this relative one" : $"score {words[0]}: not a number",
                isError: true);
            return;
        }

        var scores = numbers.Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        scores = scores.Length == 1 ? [scores[0], scores[0], scores[0], scores[0]] : scores;
        Scores[words[0]] = isRelative ? [.. scores.Zip(Scores[words[0]], (x, y) => x + y)] : scores;
    }

    private void AddNamed(string value, SourceLine source, Action<string, string> add)
    {
        var (name, text) = Split(value);
        if (text.Length == 0)
        {
            Report(source, $"a value is missing behind '{name}'", isError: true);
            return;
        }

        add(name, text);
    }

    /// <summary>Reports a priority that is not a whole number. Priorities are not used otherwise: all rules run.</summary>
    private void CheckPriority(string name, string text, SourceLine source)
    {
        if (!int.TryParse(text, CultureInfo.InvariantCulture, out _))
        {
            Report(source, $"priority {name}: '{text}' is not a whole number", isError: true);
        }
    }

    private void AddReused(string value, SourceLine source)
    {
        var (name, _) = Split(value);
        Rules.TryAdd(name, new RuleDefinition(name, RuleKind.Empty, "", source));
    }

    private static (string Name, string Text) Split(string value)
    {
        var space = value.AsSpan().IndexOfAny(" \t");
        return space < 0 ? (value, "") : (value[..space], value[space..].TrimStart(' ', '\t'));
    }
}
