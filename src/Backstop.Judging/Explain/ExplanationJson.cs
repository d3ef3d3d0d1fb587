using System.Text.Json.Serialization;

namespace Backstop.Judging.Explain;

/// <summary>The JSON serializer of explanations, for the command line and HTTP alike.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Explanation))]
internal sealed partial class ExplanationJson : JsonSerializerContext;
