using Backstop;
using System.CommandLine;
using System.Text;
using Backstop.Commands;
using Backstop.Deliver;

// Sockets complete on the thread that polled them: on a busy server that saves a thread hop for every command. Read by .NET at the
// first socket.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// A delivery agent has procmail's command line, which no other verb has.
if (args is ["deliver", ..])
{
    return DeliveryAgent.Run(args[1..], "backstop", ProgramVersion.Text);
}

// MimeKit, which MailKit brings in for IMAP, looks once which code pages there are: before anything reaches it.
Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

var root = new RootCommand("Backstop keeps mail arriving in a flood: refuses bounces for mail you never sent, delivers the rest.")
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
    ReportCommand.Create(),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        await Console.Error.WriteLineAsync($"backstop: {error.Message}");
    }

    await Console.Error.WriteLineAsync("Try: backstop --help");
    return ExitCode.Usage;
}

// The server handles SIGTERM and SIGINT itself; a second handler here raced with it and aborted the process after a clean stop.
return await Failures.CatchAsync(() =>
    parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }));

// Named here, since ASP.NET's generator makes the class public where nobody names it.
internal sealed partial class Program;
