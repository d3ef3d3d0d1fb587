using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>Where metrics and traces are sent by themselves, beside <c>/metrics</c> for Prometheus.</summary>
internal sealed class TelemetryOptions
{
    /// <summary>A collector that speaks OTLP over gRPC, such as <c>http://127.0.0.1:4317</c>. Default: none.</summary>
    public string Otlp { get; set; } = "";

    /// <summary>How many of a thousand messages are traced. Default 10.</summary>
    [Range(0, 1000)]
    public int TracePerThousand { get; set; } = 10;

    internal void Check(IConfigProblems problems) => problems.CheckHttp("telemetry.otlp", Otlp);
}
