using System.CommandLine;
using System.Runtime.InteropServices;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Logging;
using Backstop.Posix;
using Backstop.Server;
using Microsoft.Extensions.Logging;

namespace Backstop.Commands;

/// <summary>The verb <c>serve</c>: runs the server.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var config = CommonOptions.Config();
        var data = CommonOptions.Data();
        var mailboxes = new Option<string[]>("--mailbox") { Description = "Another mailbox for the demo.", HelpName = "ADDR" };
        var level = new Option<LogLevel>("--log")
        {
            Description = "How much to log: Debug, Information, Warning, Error.",
            DefaultValueFactory = _ => LogLevel.Information
        };
        var command = new Command(
            "serve", "Run the server. Without --config: a demo on loopback, SMTP port 2525, web port "
                + "8025.") { config, data, mailboxes, level };
        command.SetAction((parsed, ct) =>
            RunAsync(parsed.GetValue(config), parsed.GetValue(data), parsed.GetValue(mailboxes) ?? [], parsed.GetValue(level), ct));
        return command;
    }

    private static async Task<int> RunAsync(string? config, string? data, string[] mailboxes, LogLevel level, CancellationToken ct)
    {
        if (config is not null && mailboxes.Length > 0)
        {
            throw new CommandException(ExitCode.Usage, "--mailbox is for the demo only; with --config, add the mailbox to that file");
        }

        var surroundings = Surroundings.OfProcess() with { Read = warnings => ReadAnew(() => Read(config, data, mailboxes, warnings)) };
        FileOwner.CloseToOthers();
        var warnings = new List<ConfigError>();
        var options = CommonOptions.Checked(config ?? "", Read(config, data, mailboxes, warnings));
        foreach (var warning in warnings)
        {
            await Console.Error.WriteLineAsync($"backstop: warning: {warning}");
        }

        if (config is not null && MailboxUser.Roots(options) is { Count: > 0 } roots)
        {
            await Console.Error.WriteLineAsync(
                $"backstop: warning: started as root, so root owns the mail of {roots[0]}"
                    + $"{(roots.Count > 1 ? FormattableString.Invariant($" and {roots.Count - 1} more") : "")} and runs its recipes; "
                    + $"write mailboxes.\"{roots[0]}\".user, or start it as another user");
        }

        BackstopServer? running = null;
        var isAsked = false;

        // A demo ends with its terminal.
        using var hangup = config is null ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            Volatile.Write(ref isAsked, true);
            Volatile.Read(ref running)?.BeginReload("SIGHUP");
        });
        await using var server = await BackstopServer.StartAsync(
            options, surroundings, TimeProvider.System, l => Log(l, level, options), ct);
        foreach (var (protocol, endPoint) in server.Listening)
        {
            Console.WriteLine($"{protocol} {endPoint}");
        }

        if (options.Listen.SpamdSocket.Length > 0)
        {
            Console.WriteLine($"spamd {options.Listen.SpamdSocket}");
        }

        Console.WriteLine("ready");
        Volatile.Write(ref running, server);
        if (Volatile.Read(ref isAsked))
        {
            // It was asked while it started, and may have read the file before.
            server.BeginReload("SIGHUP");
        }

        await server.WaitForStopAsync();
        return ExitCode.Done;
    }

    private static (BackstopOptions Options, IReadOnlyList<ConfigError> Errors) Read(
        string? config, string? data, string[] mailboxes, List<ConfigError> warnings)
    {
        if (config is null)
        {
            return (Demo.Options(data ?? Demo.DataFolder, mailboxes), []);
        }

        var (options, errors) = CommonOptions.TryRead(config, warnings);
        options.Data = data ?? options.Data;
        return (options, errors);
    }

    // What ends a verb refuses a reload: a file that is missing or cannot be read.
    private static T ReadAnew<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CommandException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    // stdout is for the lines that other programs read, so the log goes to stderr.
    private static void Log(ILoggingBuilder logging, LogLevel level, BackstopOptions options)
    {
        logging.SetMinimumLevel(level);
#pragma warning disable CA2000 // The logging builder disposes its providers.
        logging.AddProvider(new LineLoggerProvider(Console.OpenStandardError(), TimeProvider.System, Journald.HasStandardError()));
        if (options.Log.Access.Length > 0)
        {
            logging.AddProvider(new LineLoggerProvider(new RotatedFile(options.Log.Access), TimeProvider.System, has: AccessEvents.Has));
        }

#pragma warning restore CA2000
    }
}
