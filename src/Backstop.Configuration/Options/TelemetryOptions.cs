namespace Backstop.Configuration.Options;

/// <summary>The collector that metrics and traces are sent to, in addition to <c>/metrics</c> for Prometheus.</summary>
internal sealed class TelemetryOptions
{
    /// <summary>A collector that speaks OTLP over gRPC, such as <c>http://127.0.0.1:4317</c>. Default: none.</summary>
    public string Otlp { get; set; } = "";

    /// <summary>How many messages in a thousand are traced. Default 10.</summary>
    [Bounds(0, 1000)]
    public int TracePerThousand { get; set; } = 10;

    internal void Check(IConfigProblems problems) => problems.CheckHttp("telemetry.otlp", Otlp);
}
