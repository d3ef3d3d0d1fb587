namespace Backstop.Configuration.Options;

/// <summary>
/// The smallest and the largest value that a key accepts. Read by the generator of <see cref="ConfigSchema"/>, which puts them into the
/// table of keys.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BoundsAttribute : Attribute
{
    /// <summary>Bounds of a whole number.</summary>
    /// <param name="min">The smallest value.</param>
    /// <param name="max">The largest value.</param>
    public BoundsAttribute(int min, int max) => (Min, Max) = (min, max);

    /// <summary>Bounds of a duration or a size.</summary>
    /// <param name="min">The smallest value as it is written in the file, such as <c>1s</c> or <c>64KiB</c>.</param>
    /// <param name="max">The largest value, written in the same way.</param>
    public BoundsAttribute(string min, string max) => (Min, Max) = (min, max);

    public object Min { get; }

    public object Max { get; }
}
