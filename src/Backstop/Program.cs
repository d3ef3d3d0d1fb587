using Backstop;
using System.CommandLine;
using System.Text;
using Backstop.Commands;
using Backstop.Deliver;
using Backstop.Server;
using Backstop.Server.Users;

// Socket operations complete on the thread that polled them, which saves a busy server a thread switch for each
// command. .NET reads the setting at the first use of a socket.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// deliver has the command line of procmail, which differs from that of all other verbs.
if (args is ["deliver", ..])
{
    return DeliveryAgent.Run(args[1..], "backstop", ProgramVersion.Text);
}

// A process of the server's, not a verb for people.
if (args is [UserHelper.Verb, ..])
{
    return DeliveryHelper.Run(args[1..]);
}

// MimeKit, which MailKit uses, looks only once which code pages exist, so they are registered before its first use.
Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

var root = new RootCommand("Backstop keeps mail arriving in a flood: it refuses bounces for mail you never sent and delivers the rest.")
{
    ServeCommand.Create(),
    StormCommand.Create(),
    ExplainCommand.Create(),
    ScanCommand.Create(),
    LearnCommand.Create(),
    LintCommand.Create(),
    DeliverCommand.Create(),
    CleanCommand.Create(),
    UndoCommand.Create(),
    JournalCommand.Create(),
    BatvCommand.Create(),
    ConfigCommand.Create(),
    SetupCommand.Create(),
    StatusCommand.Create(),
    DoctorCommand.Create(),
    QueueCommand.Create(),
    ReportCommand.Create(),
    ReloadCommand.Create(),
};

HelpWithExamples.AddTo(root);

// "@example.org" is a domain, not a file with more of the command line.
var parsed = root.Parse(args, new() { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        await Console.Error.WriteLineAsync($"backstop: {error.Message}");
    }

    await Console.Error.WriteLineAsync("Try: backstop --help");
    return ExitCode.Usage;
}

// The server handles SIGTERM and SIGINT itself. A second handler here would race with it and abort the process after a
// clean stop.
return await Failures.CatchAsync(() =>
    parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }));

// Declared here because the ASP.NET generator would make the class public otherwise.
internal sealed partial class Program;
