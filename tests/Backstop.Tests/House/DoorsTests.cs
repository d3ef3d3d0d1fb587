using System.Diagnostics;
using System.Net.Sockets;

namespace Backstop.Tests.House;

/// <summary>Promise 2: who can reach somebody outside, read from the assemblies, so that no spelling hides one.</summary>
public sealed class DoorsTests
{
    // A type and its door, and why. A mail leaves only by "smtp", or by a program that sends mail.
    private static readonly Dictionary<string, string> _allowed = new(StringComparer.Ordinal)
    {
        ["Backstop.Commands.DoctorCommand: program"] = "asks the mail programs beside us for their version, and timedatectl for the clock",
        ["Backstop.Setup.StatusPage: http"] = "asks the running server on this host for /status",
        ["Backstop.Deliver.DeliveryAgent: program"] = "recipes' programs; RecipeGuard judges those that send",
        ["Backstop.Posix.Libc: libc posix_spawn"] = "for ProgramStart",
        ["Backstop.Posix.Libc: libc socket"] = "asks the kernel by netlink whose a connection is",
        ["Backstop.Posix.Libc: libc syscall"] = "pidfd_open",
        ["Backstop.Posix.Programs.ProgramRunner: program"] = "for all below that run a program",
        ["Backstop.Posix.Programs.ProgramRun: program"] = "for ProgramRunner",
        ["Backstop.Posix.Programs.ProgramStart: program"] = "for ProgramRun",
        ["Backstop.Deliver.RecipeHost: program"] = "recipes' programs; RecipeGuard judges those that send",
        ["Backstop.Clean.Imap.ImapConnection: imap"] = "clean and journal import read and move in a mailbox of the user's",
        ["Backstop.Clean.Imap.ImapSecrets: program"] = "the user's own command for the password",
        ["Backstop.Clean.Imap.ImapSocket: socket"] = "for ImapConnection",
        ["Backstop.Server.Alerts.AlertChannels: http"] = "alert.webhook",
        ["Backstop.Server.Alerts.AlertChannels: program"] = "alert.command",
        ["Backstop.Server.Alerts.AlertChannels: smtp"] = "alert.mail_to: the only mail that the server makes, counted in messagesGenerated",
        ["Backstop.Server.BackstopServer: http"] = "figures and traces to the collector of telemetry",
        ["Backstop.Server.Net.DnsQuestions: dns"] = "DNS lists, names of clients",
        ["Backstop.Server.Net.PeerSocket: socket"] = "for those below",
        ["Backstop.Server.Users.UserHelper: program"] = "this program once more, as the user whose mail it delivers",
        ["Backstop.Server.Way.NextHop: smtp"] = "hands on what a server has handed the proxy",
        ["Backstop.Server.Net.NextHopConnection: socket"] = "for NextHop and AlertChannels",
        ["Backstop.Server.Way.NextHopEnds: smtp"] = "hands on what a server has handed the proxy",
        ["Backstop.Server.Control.ControlClient: socket"] = "queue asks the running server on this host",
        ["Backstop.Server.Filters.ClamdFilter: socket"] = "asks clamd",
        ["Backstop.Server.Filters.PipeFilter: program"] = "spam.filter: a program that scores",
        ["Backstop.Server.Filters.RspamdFilter: http"] = "asks rspamd",
        ["Backstop.Server.Filters.SpamdFilter: socket"] = "asks spamd",
        ["Backstop.Server.Tables.SocketmapTable: socket"] = "asks a server which addresses exist (recipients.tables)",
        ["Backstop.Server.Net.ServiceManager: socket"] = "tells the service manager on this host what the server does",
        ["Backstop.Server.Net.UnixSocket: socket"] = "whether anybody listens at a socket left behind",
        ["Backstop.Server.Web.SelfCheck: socket"] = "whether our own ports answer",
        ["Backstop.Setup.PostfixTools: program"] = "postconf, postmap and postfix, when somebody runs setup",
        ["Backstop.Setup.SetupCheck: smtp"] = "test mail through the user's server, when somebody runs setup --check",
        ["Backstop.Setup.SetupProgram: program"] = "for PostfixTools",
        ["Backstop.Setup.SetupProbe: socket"] = "asks our own ports, when somebody runs setup --check or --apply",
        ["Backstop.StormGenerator.StormClient: socket"] = "for StormSender and SetupCheck",
        ["Backstop.StormGenerator.StormSender: smtp"] = "the generator, when somebody runs storm",
    };

    private static readonly HashSet<string> _imports =
    [
        "connect", "dlopen", "execve", "execvp", "fork", "popen", "posix_spawn", "posix_spawnp", "sendmsg",
        "sendto", "socket", "syscall", "system", "vfork",
    ];

    [Fact]
    public void Nothing_can_send_mail() => Listed.Exactly(_allowed.Keys, Project.All.SelectMany(p => In(p.Assembly)));

    /// <summary>The reader finds what is there, also in a lambda's state machine: else the test above could not fail.</summary>
    [Fact]
    public void Doors_are_found_wherever_they_are_written()
    {
        var found = In(typeof(DoorsTests).Assembly.Location).ToList();
        Assert.All(["socket", "program", "http"], door => Assert.Contains($"{typeof(DoorsTests)}: {door}", found));
    }

    private static IEnumerable<string> In(string assembly)
    {
        using var code = new AssemblyCode(assembly);
        return [.. code.Methods()
            .SelectMany(m => m.Uses.Where(u => u.Type != m.Type).Select(DoorOf)
                .Append(_imports.Contains(m.Import ?? "") ? "libc " + m.Import : null)
                .OfType<string>().Select(d => $"{m.Type}: {d}"))
            .Distinct().Order(StringComparer.Ordinal)];
    }

    private static string? DoorOf(MethodUse use) => (use.Type.ToString(), use.Name) switch
    {
        ("System.Net.Sockets.Socket", var name) when Begins(name, "Connect", "BeginConnect", "SendTo", "BeginSendTo") => "socket",
        ("System.Net.Sockets.TcpClient" or "System.Net.Sockets.UdpClient" or "System.Net.NetworkInformation.Ping", _) => "socket",
        ("Backstop.Server.Net.PeerSocket", "OpenAsync") => "socket",
        ("System.Net.Http.HttpClient" or "System.Net.Http.HttpMessageInvoker" or "System.Net.Http.SocketsHttpHandler", _) => "http",
        ("System.Net.Http.HttpClientHandler" or "System.Net.WebClient" or "System.Net.WebRequest", _) => "http",
        ("System.Net.WebSockets.ClientWebSocket" or "OpenTelemetry.Trace.OtlpTraceExporterHelperExtensions", _) => "http",
        ("OpenTelemetry.Metrics.OtlpMetricExporterExtensions" or "OpenTelemetry.OpenTelemetryBuilderOtlpExporterExtensions", _) => "http",
        ("System.Net.Dns", var name) when name != "GetHostName" => "dns",
        ("DnsClient.LookupClient" or "DnsClient.ILookupClient" or "DnsClient.IDnsQuery" or "DnsClient.DnsQueryExtensions", _) => "dns",
        ("System.Diagnostics.Process", "Start") => "program",
        ("Backstop.Posix.Programs.ProgramStart" or "Backstop.Posix.Programs.ProgramRunner", var name) when name != ".ctor" => "program",
        ("Backstop.Posix.Programs.ProgramRun", ".ctor") => "program",
        ("Backstop.Posix.Libc", "Spawn") => "program",
        ("Backstop.Setup.SetupProgram", _) => "program",
        (var type, var name) when type.StartsWith("MailKit.", StringComparison.Ordinal) && Begins(name, "Connect") => "imap",
        (var type, _) when Begins(type, "MailKit.Net.Smtp.", "MailKit.MailTransport", "System.Net.Mail.", "System.Net.Quic.") => "smtp",
        ("Backstop.Server.Net.NextHopConnection", "OpenAsync") or ("Backstop.Server.Way.NextHop", "TakeAsync") => "smtp",
        ("Backstop.StormGenerator.StormClient", _) => "smtp",
        ("System.Runtime.InteropServices.NativeLibrary", _) => "library",
        _ => null,
    };

    private static bool Begins(string name, params ReadOnlySpan<string> beginnings)
    {
        foreach (var beginning in beginnings)
        {
            if (name.StartsWith(beginning, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // Never called: what the reader must find.
    private static Func<Task> Opens(string host) => async () =>
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(host, 25);
        using var process = new Process { StartInfo = new(host) };
        process.Start();
        Func<Uri, Task<string>> get = new HttpClient().GetStringAsync;
        await get(new(host));
    };
}
