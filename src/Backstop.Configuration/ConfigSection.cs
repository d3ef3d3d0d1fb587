namespace Backstop.Configuration;

/// <summary>The keys of one option class, in the order in which they are declared.</summary>
/// <param name="Keys">The keys; those with a section of their own among them.</param>
internal sealed record ConfigSection(IReadOnlyList<ConfigKey> Keys)
{
    /// <summary>Returns a key by its name in the file, or null.</summary>
    /// <param name="name">Such as <c>max_message</c>.</param>
    public ConfigKey? Find(string name) => Keys.FirstOrDefault(k => k.Name == name);
}
