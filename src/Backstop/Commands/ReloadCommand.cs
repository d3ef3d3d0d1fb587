using System.CommandLine;
using System.Text.Json;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Server.Control;

namespace Backstop.Commands;

/// <summary>The verb <c>reload</c>: has the running server take up its configuration anew, and says what came of it.</summary>
internal static class ReloadCommand
{
    public static Command Create()
    {
        var (config, data, json) = (CommonOptions.Config(), CommonOptions.Data(), CommonOptions.Json());
        var command = new Command(
            "reload",
            "Have the running server take up its configuration, mailboxes, keys, certificates and rules anew; no connection ends.")
            { config, data, json };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(config), parsed.GetValue(data), parsed.GetValue(json), ct));
        return command;
    }

    private static async Task<int> RunAsync(string? config, string? data, bool json, CancellationToken ct)
    {
        // The server reads its file itself; here it only tells where the server is, which a wrong line elsewhere in it does not change.
        var (options, errors) = config is null
            ? (new BackstopOptions { Data = Demo.DataFolder }, [])
            : CommonOptions.TryRead(config, null);
        options.Data = data ?? options.Data;
        var spool = DataPaths.Spool(options);
        using var server = IsThere(spool) ? ControlClient.TryConnect(spool) : null;
        if (server is null)
        {
            throw errors.Count > 0 ? CommonOptions.Wrong(config!, errors) : new CommandException(
                ExitCode.Unavailable,
                $"{spool}: no server answers there; --config FILE or --data DIR names the server's. If data or spool.path has changed, "
                    + "restart the server instead");
        }

        await foreach (var reply in server.AskAsync(new(ReloadReport.Verb), ct))
        {
            if (reply.Reload is { } report)
            {
                return Tell(report, json);
            }

            throw new CommandException(ExitCode.Unavailable, reply.Error ?? "the server's answer is not understood");
        }

        throw new CommandException(ExitCode.Unavailable, "the server did not answer");
    }

    // A folder that only another user may look into is not one that is missing: that is told apart from a server that is not there.
    private static bool IsThere(string folder)
    {
        try
        {
            return File.GetAttributes(folder).HasFlag(FileAttributes.Directory);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private static int Tell(ReloadReport report, bool json)
    {
        var code = report.IsTaken ? ExitCode.Done : report.IsForLater ? ExitCode.TryAgain : ExitCode.BadConfig;
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, QueueJson.Default.ReloadReport));
            return code;
        }

        Say(report.Warnings, "warning: ");
        if (!report.IsTaken)
        {
            Say(report.Errors, "");
            Console.Error.WriteLine("backstop: the new configuration is refused, and the one before it stays in force");
            return code;
        }

        Console.WriteLine(report.Changed.Count == 0
            ? "taken up: no key has changed; the files that it names were read anew"
            : $"taken up: {ShownText.Of(string.Join(", ", report.Changed), int.MaxValue)}");
        if (report.Waiting.Count > 0)
        {
            Console.WriteLine($"waits for a restart: {ShownText.Of(string.Join(", ", report.Waiting), int.MaxValue)}");
        }

        return code;
    }

    private static void Say(IReadOnlyList<string> lines, string kind)
    {
        foreach (var line in lines)
        {
            Console.Error.WriteLine($"backstop: {kind}{ShownText.Of(line, int.MaxValue)}");
        }
    }
}
