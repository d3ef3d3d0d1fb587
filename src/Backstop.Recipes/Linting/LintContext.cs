using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>What the checks see: the file, and the position in it.</summary>
internal sealed class LintContext
{
    private readonly List<LintFinding> _findings = [];
    private readonly List<RcRecipe> _outer = [];

    public LintContext(RcFile file, string text)
    {
        File = file;
        Text = text;
        Lines = text.Split('\n');
        Collect(file.Statements);
    }

    public RcFile File { get; }

    public string Text { get; }

    /// <summary>Its lines, without their ends.</summary>
    public string[] Lines { get; }

    public IReadOnlyList<LintFinding> Findings => _findings;

    /// <summary>What is assigned anywhere, with the value as written.</summary>
    public Dictionary<string, List<RcAssignment>> Assigned { get; } = new(StringComparer.Ordinal);

    /// <summary>All recipes, blocks' included.</summary>
    public List<RcRecipe> Recipes { get; } = [];

    /// <summary>The recipes whose blocks contain the position, the outermost first.</summary>
    public IReadOnlyList<RcRecipe> Outer => _outer;

    /// <summary>The statements before this one in the same block.</summary>
    public List<RcStatement> Before { get; private set; } = [];

    public void Within(RcRecipe recipe, Action walk)
    {
        var before = Before;
        Before = [];
        _outer.Add(recipe);
        walk();
        _outer.RemoveAt(_outer.Count - 1);
        Before = before;
    }

    /// <summary>Adds a finding.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="at">The offset in the rcfile that the finding is about.</param>
    /// <param name="mended">How the text should read.</param>
    /// <param name="edit">The change that makes it so; null where a person must decide.</param>
    /// <param name="level">How sure it is.</param>
    /// <param name="why">What happens here, where that is not what the finding says in general.</param>
    public void Find(
        string id, RcPosition at, string mended, LintEdit? edit = null, LintLevel level = LintLevel.Warning, string? why = null)
    {
        var (name, general) = LintTexts.Of(id);
        _findings.Add(new(id, name, at, why ?? general, mended, edit) { Level = level });
    }

    /// <summary>The conditions of a recipe and of the blocks around it.</summary>
    public IEnumerable<string> AllConditions(RcRecipe recipe) =>
        _outer.Append(recipe).SelectMany(r => r.Conditions).Select(c => c.Source.Text);

    /// <summary>The last condition in front of a place that sets MATCH; null if there is none.</summary>
    /// <param name="at">The place.</param>
    public string? LastMatch(RcPosition at) =>
        Recipes.SelectMany(r => r.Conditions).Select(c => c.Source)
            .LastOrDefault(c => c.At.Line < at.Line && c.Text.Contains("\\/", StringComparison.Ordinal))?.Text;

    /// <summary>Whether a variable's value is written by the message: a match, or what a program reads out of it.</summary>
    /// <param name="name">The variable.</param>
    public bool IsFromMail(string name) =>
        name == "MATCH" || Recipes.Exists(r => r.Action is RcPipeAction { Variable: { } captured } && captured == name)
        || (Assigned.TryGetValue(name, out var values) && values.Exists(v => ReadsMail(v.Value.Text)));

    // Programs that print what they are given; date and hostname do not look at it.
    private static bool ReadsMail(string value)
    {
        var command = value.TrimStart('"');
        var word = command.TrimStart('`', ' ').Split([' ', '\t', '`'], 2)[0];
        word = word[(word.LastIndexOf('/') + 1)..];
        return command.StartsWith('`')
            && (word is "grep" or "egrep" or "sed" or "awk" or "cat" or "head" or "perl" or "cut" or "tr"
                || command.Contains("formail", StringComparison.Ordinal));
    }

    /// <summary>A folder's name, with variables put in that are assigned once and plainly.</summary>
    public string Plain(string name)
    {
        for (var i = 0; i < 4 && name.StartsWith('$'); i++)
        {
            var end = name[1..].AsSpan().IndexOfAnyExcept(_nameChars);
            var variable = end < 0 ? name[1..] : name[1..(end + 1)];
            if (!Assigned.TryGetValue(variable, out var values) || values.Count != 1)
            {
                return name;
            }

            name = values[0].Value.Text.Trim('"', '\'') + (end < 0 ? "" : name[(end + 1)..]);
        }

        return name;
    }

    private static readonly System.Buffers.SearchValues<char> _nameChars =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    private void Collect(IReadOnlyList<RcStatement> statements)
    {
        foreach (var statement in statements)
        {
            if (statement is RcAssignment assignment)
            {
                if (!Assigned.TryGetValue(assignment.Name, out var values))
                {
                    Assigned[assignment.Name] = values = [];
                }

                values.Add(assignment);
            }
            else if (statement is RcRecipe recipe)
            {
                Recipes.Add(recipe);
                if (recipe.Action is RcBlockAction block)
                {
                    Collect(block.Statements);
                }
            }
        }
    }
}
