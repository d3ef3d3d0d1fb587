using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Rules;

/// <summary>
/// Reads rule files line by line (Conf/Parser.pm): comments, <c>lang</c>, conditions, <c>include</c>. What a line means is the
/// business of <see cref="RuleSetBuilder"/>. Every line that is not understood is reported and skipped.
/// </summary>
internal sealed class RuleFileReader(RuleSetBuilder builder)
{
    private const int MaxIncludes = 50;
    private const int MaxFileBytes = 64 << 20;
    private const int MaxShown = 200;

    private const double Version = 4.000001;
    private const double PerlVersion = 5.036;

    private readonly List<string> _files = [];
    private int _depth;

    /// <summary>The files that were read, in that order.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Reads a file, if it was not read before.</summary>
    public void ReadOnce(string path)
    {
        if (!_files.Contains(path))
        {
            Read(path);
        }
    }

    public void Read(string path)
    {
        if (++_depth > MaxIncludes)
        {
            builder.Report(new SourceLine(path, 1), $"not read: includes are nested more than {MaxIncludes} deep", isError: true);
        }
        else if (!File.Exists(path))
        {
            builder.Report(new SourceLine(path, 1), "no such file", isError: true);
        }
        else if (new FileInfo(path).Length > MaxFileBytes)
        {
            builder.Report(new SourceLine(path, 1), "larger than 64 MiB", isError: true);
        }
        else
        {
            _files.Add(path);
            ReadLines(path, Octets.FromBytes(File.ReadAllBytes(path)).Split('\n'));
        }

        _depth--;
    }

    public void ReadLines(string path, IReadOnlyList<string> lines)
    {
        var conditions = new Stack<(bool Skipped, int Line)>();
        var skip = false;
        for (var i = 0; i < lines.Count; i++)
        {
            var source = new SourceLine(path, i + 1);
            if (Clean(lines[i]) is not { Length: > 0 } line || !OfOurLanguage(ref line))
            {
                continue;
            }

            var space = line.AsSpan().IndexOfAny(" \t");
            var key = (space < 0 ? line : line[..space]).ToLowerInvariant().Replace('-', '_');
            var value = space < 0 ? "" : line[space..].TrimStart(' ', '\t');
            switch (key)
            {
                case "if" or "ifplugin":
                    conditions.Push((skip, i + 1));
                    skip |= !Holds(key == "if" ? value : $"plugin({value})", source);
                    break;
                case "else" when conditions.Count > 0:
                    skip = conditions.Peek().Skipped || !skip;
                    break;
                case "endif" when conditions.Count > 0:
                    skip = conditions.Pop().Skipped;
                    break;
                case "else" or "endif":
                    builder.Report(source, $"'{key}' without an if", isError: true);
                    break;
                case "include" when !skip && builder.Site is null:
                    ReadOnce(Path.Combine(Path.GetDirectoryName(path) ?? "", value));
                    break;
                case "require_version" when !skip:
                    // Files of the release name its version in full; ours speaks the language of 4.0.1.
                    break;
                default:
                    if (!skip)
                    {
                        builder.Apply(key, value, source);
                    }

                    break;
            }
        }

        foreach (var (_, line) in conditions)
        {
            builder.Report(new SourceLine(path, line), "if without endif", isError: true);
        }
    }

    /// <summary>Removes a comment, which begins at a # without a backslash, and blanks at both ends.</summary>
    private static string Clean(string line)
    {
        if (line.Contains('#'))
        {
            for (var i = 0; i < line.Length; i++)
            {
                if (line[i] == '#' && (i == 0 || line[i - 1] != '\\'))
                {
                    line = line[..i];
                    break;
                }
            }

            line = line.Replace("\\#", "#", StringComparison.Ordinal);
        }

        return PerlSpace.Trim(line);
    }

    /// <summary>Removes <c>lang en</c> from a line; false for a line of another language, which is skipped.</summary>
    private static bool OfOurLanguage(ref string line)
    {
        if (!line.StartsWith("lang ", StringComparison.Ordinal) && !line.StartsWith("lang\t", StringComparison.Ordinal))
        {
            return true;
        }

        var words = line.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3 || !"en_US".StartsWith(words[1], StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        line = words[2];
        return true;
    }

    private bool Holds(string condition, SourceLine source)
    {
        if (builder.Site is not null && condition.Length > RuleSetBuilder.MaxUserLine)
        {
            builder.Report(source, $"the condition is {RuleSetBuilder.TooLong}; its lines are skipped", isError: true);
            return false;
        }

        try
        {
            var expression = ExpressionParser.Parse(condition, (name, argument) => new Expression.Number(Call(name, argument) ? 1 : 0));
            double[] words = [Version, PerlVersion, builder.NetworkTests ? 0 : 1];
            return expression.Bind(name => name switch
            {
                "version" => 0,
                "perl_version" => 1,
                "local_tests_only" => 2,
                _ => throw new FormatException($"unknown word '{name}'"),
            }).Evaluate(words) != 0;
        }
        catch (FormatException error)
        {
            builder.Report(source, $"condition '{Begin(condition)}': {error.Message}; its lines are skipped", isError: true);
            return false;
        }
    }

    private static string Begin(string text) => text.Length <= MaxShown ? text : $"{text[..MaxShown]}...";

    private bool Call(string name, string argument) => name switch
    {
        "plugin" => builder.Plugins.Has(argument),
        "can" or "has" => builder.Plugins.Can(argument),
        _ => throw new FormatException($"unknown function '{name}'"),
    };
}
