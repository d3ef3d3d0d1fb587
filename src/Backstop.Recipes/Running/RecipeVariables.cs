using System.Collections.Frozen;
using System.Globalization;

namespace Backstop.Recipes.Running;

/// <summary>The variables, all of which programs see.</summary>
internal sealed class RecipeVariables
{
    // Their value is a number that stays as it was where a text says none (procmail 3.22: TIMEOUT=soon, or TIMEOUT taken away).
    private static readonly FrozenDictionary<string, long> _numeric = new Dictionary<string, long>(StringComparer.Ordinal)
    {
        ["LOCKSLEEP"] = 8,
        ["LOCKTIMEOUT"] = 1024,
        ["TIMEOUT"] = 960,
        ["VERBOSE"] = 0,
        ["LOGABSTRACT"] = -1,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly Dictionary<string, string> _values;
    private readonly Dictionary<string, long> _numbers;
    private readonly HashSet<string> _taken;
    private readonly Dictionary<string, IReadOnlyList<Range>> _fromMail;

    /// <summary>The variables that a run begins with.</summary>
    /// <param name="values">The variables; those not in RecipeDefaults.Names count as written for this message.</param>
    public RecipeVariables(IEnumerable<KeyValuePair<string, string>> values)
    {
        _values = new(values, StringComparer.Ordinal);
        _numbers = _numeric.ToDictionary(
            n => n.Key, n => _values.TryGetValue(n.Key, out var text) ? ParseNumber(text, n.Value) : n.Value, StringComparer.Ordinal);
        _taken = new(StringComparer.Ordinal);
        _fromMail = _values.Keys.Where(n => !RecipeDefaults.Names.Contains(n))
            .ToDictionary(n => n, _ => Expanded.Whole, StringComparer.Ordinal);
    }

    private RecipeVariables(RecipeVariables other)
    {
        _values = new(other._values, StringComparer.Ordinal);
        _numbers = new(other._numbers, StringComparer.Ordinal);
        _taken = new(other._taken, StringComparer.Ordinal);
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
    /// <param name="value">Text, one char an octet; it ends at a NUL.</param>
    /// <param name="fromMail">Where in the value the message's own text stands.</param>
    public void Set(string name, string value, IReadOnlyList<Range> fromMail)
    {
        this[name] = value;
        if (fromMail.Count > 0)
        {
            // A value ends at a NUL; places behind it are dropped.
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
                _taken.Add(name);
            }
            else
            {
                _values[name] = Octets.UntilNul(value);
                _taken.Remove(name);
            }

            if (_numbers.TryGetValue(name, out var number))
            {
                _numbers[name] = ParseNumber(Text(name), number);
            }
        }
    }

    public string Text(string name, string otherwise = "") => _values.GetValueOrDefault(name, otherwise);

    /// <summary>A variable's value; an empty one where an rcfile took the variable away, the usual one where it never was.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="usual">The value that procmail begins with.</param>
    public string TextUnlessTaken(string name, string usual) => Text(name, _taken.Contains(name) ? "" : usual);

    /// <summary>The number of LOCKSLEEP, LOCKTIMEOUT, TIMEOUT, VERBOSE or LOGABSTRACT: the last that a text has said.</summary>
    public long Number(string name) => _numbers[name];

    /// <summary>The number that a variable says now.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="otherwise">The number where it is not set, or says none.</param>
    public long Number(string name, long otherwise) => this[name] is { } text ? ParseNumber(text, otherwise) : otherwise;

    // procmail 3.22: digits, or a word: on, yes, true and enable are 1, off, no, false and disable 0, all is 2.
    private static long ParseNumber(string text, long otherwise)
    {
        var digits = text.AsSpan().TrimStart(" \t\n\v\f\r");
        var end = digits.Length > 0 && digits[0] is '-' or '+' ? 1 : 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end]))
        {
            end++;
        }

        if (end > 0 && char.IsAsciiDigit(digits[end - 1]))
        {
            return long.TryParse(digits[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value
                : digits[0] == '-' ? long.MinValue : long.MaxValue;
        }

        return digits switch
        {
            ['o' or 'O', 'n' or 'N', ..] or ['y' or 'Y' or 't' or 'T' or 'e' or 'E', ..] => 1,
            ['o' or 'O', 'f' or 'F', 'f' or 'F', ..] or ['n' or 'N' or 'f' or 'F' or 'd' or 'D', ..] => 0,
            ['a' or 'A', ..] => 2,
            _ => otherwise,
        };
    }

    /// <summary>Whether a text says yes: a number other than 0, or a word for one.</summary>
    public static bool MeansYes(string text) => ParseNumber(text, 0) != 0;

    /// <summary>The time of LOCKSLEEP, LOCKTIMEOUT or TIMEOUT; null for no limit, which is 0 seconds or less.</summary>
    public TimeSpan? Seconds(string name) =>
        Number(name) is > 0 and var seconds ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue / 1000)) : null;
}
