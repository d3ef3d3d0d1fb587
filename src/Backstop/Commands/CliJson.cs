using System.Text.Json.Serialization;
using Backstop.Lint;
using Backstop.Scan;
using Backstop.Server.Status;
using Backstop.StormGenerator;

namespace Backstop.Commands;

/// <summary>The JSON of the command line: one line an object.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(GeneratorSummary))]
[JsonSerializable(typeof(JournalStats))]
[JsonSerializable(typeof(Backscatter.Storms.StormRecord))]
[JsonSerializable(typeof(ScanLine))]
[JsonSerializable(typeof(ScanGap))]
[JsonSerializable(typeof(LearnLine))]
[JsonSerializable(typeof(LintLine))]
internal sealed partial class CliJson : JsonSerializerContext;
