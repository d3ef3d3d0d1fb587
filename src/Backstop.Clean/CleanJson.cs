using System.Text.Json.Serialization;

namespace Backstop.Clean;

/// <summary>The JSON of <c>clean</c> and <c>undo</c>: one line an object.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CleanCampaign))]
[JsonSerializable(typeof(CleanMessage))]
[JsonSerializable(typeof(CleanSummary))]
[JsonSerializable(typeof(UndoSummary))]
[JsonSerializable(typeof(RunLine))]
internal sealed partial class CleanJson : JsonSerializerContext;
