using System.Globalization;

namespace Backstop.Recipes.Running;

/// <summary>The variables, all of which programs see.</summary>
internal sealed class RecipeVariables
{
    private readonly Dictionary<string, string> _values;
    private readonly Dictionary<string, IReadOnlyList<Range>> _fromMail;

    /// <summary>The variables that a run begins with.</summary>
    /// <param name="values">The variables; those not in RecipeDefaults.Names count as written for this message.</param>
    public RecipeVariables(IEnumerable<KeyValuePair<string, string>> values)
    {
        _values = new(values, StringComparer.Ordinal);
        _fromMail = _values.Keys.Where(n => !RecipeDefaults.Names.Contains(n))
            .ToDictionary(n => n, _ => Expanded.Whole, StringComparer.Ordinal);
    }

    private RecipeVariables(RecipeVariables other)
    {
        _values = new(other._values, StringComparer.Ordinal);
        _fromMail = new(other._fromMail, StringComparer.Ordinal);
    }

    public IReadOnlyDictionary<string, string> All => _values;

    public RecipeVariables Clone() => new(this);

    /// <summary>Whether a variable's value was written by the message or its sender, in part at least.</summary>
    public bool IsFromMail(string name) => _fromMail.ContainsKey(name);

    /// <summary>A variable's value, with the places that the message wrote; an empty one where the variable is not set.</summary>
    public Expanded Written(string name) => new(Text(name), _fromMail.GetValueOrDefault(name, []));

    /// <summary>Sets a variable.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="value">The value.</param>
    /// <param name="fromMail">Where in the value the message's own text stands.</param>
    public void Set(string name, string value, IReadOnlyList<Range> fromMail)
    {
        this[name] = value;
        if (fromMail.Count > 0)
        {
            // A value ends at a NUL, and a place behind it is none.
            var length = _values[name].Length;
            _fromMail[name] = length == value.Length ? fromMail : Expanded.Whole;
        }
    }

    public string? this[string name]
    {
        get => _values.GetValueOrDefault(name);
        set
        {
            _fromMail.Remove(name);
            if (value is null)
            {
                _values.Remove(name);
            }
            else
            {
                _values[name] = Octets.UntilNul(value);
            }
        }
    }

    public string Text(string name, string otherwise = "") => _values.GetValueOrDefault(name, otherwise);

    /// <summary>A variable as a number; any other text counts as 0, as for procmail.</summary>
    public long Number(string name, long otherwise)
    {
        if (this[name] is not { } text)
        {
            return otherwise;
        }

        var digits = text.AsSpan().TrimStart(" \t");
        var end = digits.Length > 0 && digits[0] is '-' or '+' ? 1 : 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end]))
        {
            end++;
        }

        return long.TryParse(digits[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : 0;
    }

    /// <summary>A switch: a number other than 0, or a word that begins as yes, true, on, enable do.</summary>
    public bool IsOn(string name, bool otherwise) => this[name] is { } text ? MeansYes(text) : otherwise;

    public static bool MeansYes(string text) => text.TrimStart().ToUpperInvariant() switch
    {
        ['O', 'N', ..] => true,
        ['Y' or 'T' or 'E' or 'A', ..] => true,
        [(>= '0' and <= '9') or '-' or '+', ..] => text.AsSpan().TrimStart(" \t-+0") is [>= '1' and <= '9', ..],
        _ => false,
    };

    /// <summary>A variable in seconds; null for 0, which means no limit.</summary>
    public TimeSpan? Seconds(string name, long otherwise) =>
        Number(name, otherwise) is > 0 and var seconds ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue / 1000)) : null;
}
