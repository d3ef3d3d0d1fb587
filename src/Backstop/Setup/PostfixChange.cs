using System.Text.Json.Serialization;

namespace Backstop.Setup;

/// <summary>One setting of Postfix that is added, with its old and its new value.</summary>
/// <param name="Name">A parameter of main.cf, or <c>service/type/parameter</c> for one of master.cf.</param>
/// <param name="Old">The old value; null where the file does not set it.</param>
/// <param name="New">The new value.</param>
/// <param name="Element">The part of the value that Backstop added.</param>
/// <param name="Why">What the setting is for.</param>
internal sealed record PostfixChange(string Name, string? Old, string New, string Element, string Why)
{
    public bool IsService => Name.Contains('/', StringComparison.Ordinal);
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<PostfixChange>))]
internal sealed partial class SetupJson : JsonSerializerContext;
