using System.Text.Json.Serialization;

namespace Backstop.Mailboxes.Runs;

/// <summary>The JSON serializer of a run's log.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RunEntry))]
internal sealed partial class RunJson : JsonSerializerContext;
