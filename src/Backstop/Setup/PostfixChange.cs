using System.Text.Json.Serialization;

namespace Backstop.Setup;

/// <summary>One setting of Postfix: what it was, and what it is to be.</summary>
/// <param name="Name">A parameter of main.cf, or <c>service/type/parameter</c> for one of master.cf.</param>
/// <param name="Old">Its value; null where the file does not set it.</param>
/// <param name="New">Its new value.</param>
/// <param name="Element">What of the value is ours; the rest is somebody else's.</param>
/// <param name="Why">What it is for.</param>
internal sealed record PostfixChange(string Name, string? Old, string New, string Element, string Why)
{
    public bool IsService => Name.Contains('/', StringComparison.Ordinal);
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<PostfixChange>))]
internal sealed partial class SetupJson : JsonSerializerContext;
