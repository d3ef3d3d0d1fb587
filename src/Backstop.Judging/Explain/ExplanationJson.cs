using System.Text.Json.Serialization;

namespace Backstop.Judging.Explain;

/// <summary>JSON of an explanation: the one way in which it is written, for the command line and for HTTP.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Explanation))]
internal sealed partial class ExplanationJson : JsonSerializerContext;
