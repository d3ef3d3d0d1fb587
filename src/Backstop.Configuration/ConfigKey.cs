using Backstop.Configuration.Options;

namespace Backstop.Configuration;

/// <summary>
/// One key of a section: how it is written, and how its property is read and set. <see cref="ConfigSchema"/> has all of them; it is
/// written by eng/Backstop.ConfigSchema from the option classes.
/// </summary>
internal sealed class ConfigKey
{
    /// <summary>The key in the file, without its section.</summary>
    public required string Name { get; init; }

    /// <summary>What the key does, as one line: the summary of its property.</summary>
    public required string Doc { get; init; }

    /// <summary>The type of the value; of a list, that of its elements; of named entries, that of an entry.</summary>
    public required Type Type { get; init; }

    /// <summary>Returns the value from an object of the option class.</summary>
    public required Func<object, object?> Get { get; init; }

    /// <summary>Sets the value in an object of the option class; the value has the property's type.</summary>
    public required Action<object, object> Set { get; init; }

    /// <summary>Makes the value of a list from its elements; null where the key has no list.</summary>
    public Func<IEnumerable<object>, object>? List { get; init; }

    /// <summary>The keys of the section, or of each named entry; null where the key has a value of its own.</summary>
    public ConfigSection? Section { get; init; }

    /// <summary>Whether the key has entries by names: sections of one kind, or lists.</summary>
    public bool IsNamed { get; init; }

    /// <summary>Makes an entry that is a section; null for every other kind of key.</summary>
    public Func<object>? NewEntry { get; init; }

    /// <summary>The smallest and the largest value, as numbers or as the file writes them; null where every value is accepted.</summary>
    public (object Min, object Max)? Bounds { get; init; }

    /// <summary>Whether a value is between the bounds.</summary>
    /// <param name="value">A value of <see cref="Type"/>.</param>
    public bool Accepts(object value) =>
        Bounds is not var (min, max) || (Number(value) >= Number(Bound(min)) && Number(value) <= Number(Bound(max)));

    /// <summary>Returns a bound as the file writes it.</summary>
    /// <param name="bound">One of <see cref="Bounds"/>.</param>
    public string Show(object bound) => ConfigValue.Format(Bound(bound));

    private object Bound(object bound) =>
        ConfigValue.Convert(bound is int number ? (long)number : bound, Type, out var wanted)
        ?? throw new InvalidOperationException($"{Name}: the bound {bound} is not {wanted}");

    private static long Number(object value) => value switch
    {
        int number => number,
        TimeSpan span => span.Ticks,
        ByteSize size => size.Bytes,
        _ => throw new ArgumentException($"a value of type {value.GetType()} has no bounds", nameof(value)),
    };
}
