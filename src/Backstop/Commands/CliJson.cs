using System.Text.Json.Serialization;
using Backstop.Lint;
using Backstop.Scan;
using Backstop.Server.Status;
using Backstop.StormGenerator;

namespace Backstop.Commands;

/// <summary>JSON serialization of what verbs print with <c>--json</c>, one object a line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Doctor.Finding))]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(GeneratorSummary))]
[JsonSerializable(typeof(JournalStats))]
[JsonSerializable(typeof(Backscatter.Storms.StormRecord))]
[JsonSerializable(typeof(ScanLine))]
[JsonSerializable(typeof(ScanGap))]
[JsonSerializable(typeof(LearnLine))]
[JsonSerializable(typeof(LintLine))]
internal sealed partial class CliJson : JsonSerializerContext;
