using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Server.Net;

namespace Backstop.Server;

/// <summary>Who has started the server, and what it was given.</summary>
/// <param name="Manager">The service manager.</param>
/// <param name="Sockets">The listening sockets that it hands over.</param>
internal sealed record Surroundings(ServiceManager Manager, HandedSockets Sockets)
{
    /// <summary>A person, and nothing.</summary>
    public static Surroundings None { get; } = new(ServiceManager.None, HandedSockets.None);

    /// <summary>
    /// Reads the configuration anew, with all that the command line has said beside it. Receives warnings; returns the options and the
    /// errors.
    /// </summary>
    public Func<List<ConfigError>, (BackstopOptions Options, IReadOnlyList<ConfigError> Errors)> Read { get; init; } =
        static _ => throw new IOException("the server was started without a configuration file; there is nothing to read anew");

    /// <summary>
    /// The name of the meter. A reader of metrics hears every meter of its name in the process: where several servers run in one, as
    /// in tests, each has its own.
    /// </summary>
    public string Meter { get; init; } = BackstopMetrics.MeterName;

    /// <summary>The surroundings of this process. To be asked once, and before any program is run.</summary>
    public static Surroundings OfProcess() => new(ServiceManager.OfProcess(), HandedSockets.OfProcess());
}
