using System.Text;
using Backstop.SpamRules.Patterns;

namespace Backstop.Tests.SpamRules;

/// <summary>
/// Writes a pattern for .NET's engine, over the characters of <see cref="Backstop.SpamRules.Text.Octets"/>. Only groups that are
/// referred to capture.
/// </summary>
internal static class DotNetPattern
{
    /// <summary>The pattern as text.</summary>
    /// <param name="node">The pattern.</param>
    /// <param name="keepGroup">A group that captures too; 0: none.</param>
    /// <param name="keepNames">Named groups capture too: their texts fill tags.</param>
    public static string Write(PatternNode node, bool keepNames = false, int keepGroup = 0)
    {
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var referred = new HashSet<int> { keepGroup };
        Collect(node, names, referred, keepNames);
        var pattern = new StringBuilder();
        new Writer(pattern, names, referred).Write(node);
        return pattern.ToString();
    }

    private static void Collect(PatternNode node, Dictionary<string, int> names, HashSet<int> referred, bool keepNames)
    {
        switch (node)
        {
            case PatternNode.Capture capture:
                if (capture.Name is not null)
                {
                    names.TryAdd(capture.Name, capture.Number);
                    if (keepNames)
                    {
                        referred.Add(capture.Number);
                    }
                }

                break;
            case PatternNode.Backreference { Name: null } reference:
                referred.Add(reference.Number);
                break;
            case PatternNode.Backreference reference:
                referred.Add(names.GetValueOrDefault(reference.Name!));
                break;
        }

        foreach (var child in PatternNode.Children(node))
        {
            Collect(child, names, referred, keepNames);
        }
    }

    private sealed class Writer(StringBuilder pattern, Dictionary<string, int> names, HashSet<int> referred)
    {
        public void Write(PatternNode node)
        {
            switch (node)
            {
                case PatternNode.Set set:
                    DotNetSet.Append(pattern, set.Bytes);
                    break;
                case PatternNode.Concat concat:
                    foreach (var part in concat.Parts)
                    {
                        WriteGrouped(part, part is PatternNode.Alternate);
                    }

                    break;
                case PatternNode.Alternate alternate:
                    WriteChoices(alternate);
                    break;
                case PatternNode.Repeat repeat:
                    WriteRepeat(repeat);
                    break;
                case PatternNode.Capture capture:
                    pattern.Append(referred.Contains(capture.Number) ? $"(?<{capture.Number}>" : "(?:");
                    Write(capture.Body);
                    pattern.Append(')');
                    break;
                case PatternNode.Atomic atomic:
                    pattern.Append("(?>");
                    Write(atomic.Body);
                    pattern.Append(')');
                    break;
                case PatternNode.Look look:
                    pattern.Append(look.IsAhead ? "(?" : "(?<").Append(look.IsNegative ? '!' : '=');
                    Write(look.Body);
                    pattern.Append(')');
                    break;
                case PatternNode.Backreference reference:
                    var number = reference.Name is null ? reference.Number : names.GetValueOrDefault(reference.Name);
                    pattern.Append(reference.IgnoreCase ? $"(?i:\\k<{number}>)" : $"\\k<{number}>");
                    break;
                case PatternNode.Assertion assertion:
                    pattern.Append(Text(assertion.Kind));
                    break;
            }
        }

        private void WriteChoices(PatternNode.Alternate alternate)
        {
            for (var i = 0; i < alternate.Choices.Count; i++)
            {
                _ = i > 0 ? pattern.Append('|') : pattern;
                Write(alternate.Choices[i]);
            }
        }

        /// <summary>
        /// Two faults of .NET 10 are kept away from. It loops without end where <c>(?:(?m:^)*?)?\b</c> repeats what is always
        /// empty: once is as good as many times. And <c>(?:a+|){2}</c> it makes <c>a+</c> of: behind a choice it does not.
        /// </summary>
        private void WriteRepeat(PatternNode.Repeat repeat)
        {
            var isEmpty = PatternWidth.IsAlwaysEmpty(repeat.Body);
            _ = repeat.Greediness == Greediness.Possessive ? pattern.Append("(?>") : pattern;
            if (!isEmpty && repeat.Min > 0 && PatternWidth.CanBeEmpty(repeat.Body))
            {
                pattern.Append("(?:");
                WriteGrouped(repeat.Body, grouped: true);
                pattern.Append("(?:\\b|\\B))");
            }
            else
            {
                WriteGrouped(repeat.Body, repeat.Body is not (PatternNode.Set or PatternNode.Capture or PatternNode.Atomic));
            }

            pattern.Append((isEmpty ? Math.Min(repeat.Min, 1) : repeat.Min, isEmpty && repeat.Max != 0 ? 1 : repeat.Max) switch
            {
                (0, -1) => "*",
                (1, -1) => "+",
                (0, 1) => "?",
                (1, 1) => "",
                (var min, -1) => $"{{{min},}}",
                var (min, max) => $"{{{min},{max}}}",
            });
            _ = repeat.Greediness switch
            {
                Greediness.Lazy => pattern.Append('?'),
                Greediness.Possessive => pattern.Append(')'),
                _ => pattern
            };
        }

        private void WriteGrouped(PatternNode node, bool grouped)
        {
            _ = grouped ? pattern.Append("(?:") : pattern;
            Write(node);
            _ = grouped ? pattern.Append(')') : pattern;
        }

        private static string Text(AssertionKind kind) => kind switch
        {
            AssertionKind.TextStart => "\\A",
            AssertionKind.LineStart => "(?:\\A|(?<=\\n)(?!\\z))",
            AssertionKind.TextEndOrLastLine => "\\Z",
            AssertionKind.LineEnd => "(?=\\n|\\z)",
            AssertionKind.TextEnd => "\\z",
            AssertionKind.WordBoundary => "\\b",
            _ => "\\B",
        };
    }
}
