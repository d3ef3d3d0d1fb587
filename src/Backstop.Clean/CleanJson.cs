using System.Text.Json.Serialization;

namespace Backstop.Clean;

/// <summary>JSON serialization of what <c>clean</c> and <c>undo</c> print, one object a line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CleanCampaign))]
[JsonSerializable(typeof(CleanMessage))]
[JsonSerializable(typeof(CleanSummary))]
[JsonSerializable(typeof(UndoSummary))]
[JsonSerializable(typeof(RunLine))]
internal sealed partial class CleanJson : JsonSerializerContext;
