using Backstop;
using System.Text;
using Backstop.Commands;
using Backstop.Deliver;
using Backstop.Manual;
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

var parsed = Verbs.Parse(args);
if (Mistakes.Of(parsed) is { Count: > 0 } mistakes)
{
    foreach (var mistake in mistakes)
    {
        await Console.Error.WriteLineAsync($"backstop: {mistake}");
    }

    return ExitCode.Usage;
}

// The server handles SIGTERM and SIGINT itself. A second handler here would race with it and abort the process after a
// clean stop.
return await Failures.CatchAsync(() =>
    parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }));

// Declared here because the ASP.NET generator would make the class public otherwise.
internal sealed partial class Program;
