using System.CommandLine;
using Backstop.Judging.Protections;
using Backstop.Mail;
using Backstop.Server.Status;
using Backstop.Setup;

namespace Backstop.Commands;

/// <summary>The verb <c>status</c>: shows the figures of the running server.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var config = CommonOptions.Config();
        var json = CommonOptions.Json();
        var url = new Option<string?>("--url")
        {
            Description = $"The web address of the server. Default: that of --config, or http://127.0.0.1:{Demo.WebPort}.",
            HelpName = "URL"
        };
        var command = new Command(
            "status", "Show what the running server does: sessions, spool, folders that fail, lists.") { config, url, json };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(url) ?? Url(parsed.GetValue(config)), parsed.GetValue(json), ct));
        return command;
    }

    private static string Url(string? config)
    {
        if (config is null)
        {
            return $"http://127.0.0.1:{Demo.WebPort}";
        }

        var web = CommonOptions.Read(config).Listen.Web;
        return web.Count > 0
            ? $"http://{web[0]}"
            : throw new CommandException(
                ExitCode.BadConfig,
                $"{config}: listen.web is not set, so the server cannot be asked; set it, and restart the server");
    }

    private static async Task<int> RunAsync(string url, bool json, CancellationToken ct)
    {
        ServerStatus status;
        try
        {
            status = await StatusPage.ReadAsync(new(url), ct);
        }
        catch (HttpRequestException error)
        {
            throw new CommandException(ExitCode.Unavailable, $"{url}: {error.Message}");
        }

        if (json)
        {
            Console.WriteLine(System.Text.Json.JsonSerializer.Serialize(status, CliJson.Default.ServerStatus));
            return ExitCode.Done;
        }

        Console.WriteLine(
            $"{status.Hostname}: {status.Sessions} sessions, {status.Waiting} messages waiting, {status.FreeBytes >> 20} MiB "
                + $"free{(status.RoomIsShort ? " (short: new mail is answered 452)" : "")}");
        Console.WriteLine($"messages generated: {status.MessagesGenerated}");
        if (status.Stopped > 0)
        {
            Console.WriteLine($"{status.Stopped} of the waiting messages are on hold or have no mailbox; see: backstop queue list");
        }

        Console.WriteLine($"ladder: {status.Ladder}");
        foreach (var storm in status.Storms)
        {
            Console.WriteLine(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"storm: {storm.Kind} to {ShownText.Of(storm.Victim)} since {storm.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC, "
                    + $"{storm.Count} messages"));
        }

        if (status.Harvest is { Attempts: > 0 } harvest)
        {
            Console.WriteLine(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"harvest: {harvest.Networks} networks over their budget of unknown recipients now, {harvest.Attempts} since the start, "
                    + $"last {ShownText.Of(harvest.Last)} at {harvest.LastAt?.UtcDateTime:yyyy-MM-dd HH:mm} UTC"));
        }

        foreach (var list in status.Lists)
        {
            Console.WriteLine($"list {list.Zone}: {list.State}{(list.Rests ? ", resting after failures" : "")}");
        }

        // The stores follow with all that is known of them.
        foreach (var down in status.Down.Where(p => p.Check != "store"))
        {
            var what = ShownText.Of($"{down.Check} {down.Sentence}; {down.Do}", 500);
            Console.WriteLine($"does not work, and mail {(down.Check == ProtectionWatch.Table ? "waits" : "passes without it")}: {what}");
        }

        var off = status.Protections.Where(p => p.State == ProtectionState.Off).Select(p => $"{p.Name} ({p.Do})").ToList();
        if (off.Count > 0)
        {
            Console.WriteLine($"off by the configuration: {ShownText.Of(string.Join(", ", off), 1000)}");
        }

        foreach (var store in status.Stores.Where(s => s.State != "ok"))
        {
            var error = store.Error.Length > 0 ? $": {store.Error}" : "";
            var aside = store.SetAside is { } path ? $"; the damaged file is kept as {path}" : "";
            Console.WriteLine(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"store {store.Name}: {store.Path} {store.State} since {store.Since?.UtcDateTime:yyyy-MM-dd HH:mm} UTC{error}{aside}"));
        }

        Tell(status.Reload);
        foreach (var cover in status.Coverage)
        {
            Console.WriteLine($"sent mail of {ShownText.Of(cover.Address)} is {(cover.IsCovered ? "" : "not ")}covered: {cover.Why}");
        }

        foreach (var folder in status.Failing)
        {
            Console.WriteLine(
                $"failing {ShownText.Of($"{folder.Mailbox} {folder.Folder}: {folder.Error}")}; {folder.Waiting} waiting, "
                    + $"{folder.Failures} tries, next {folder.RetryAt:HH:mm:ss}Z");
        }

        return status.Failing.Count > 0 || status.Reload is { IsTaken: false } || status.SpamRules.Length > 0
            || status.Stores.Any(s => s.State != "ok")
            ? ExitCode.Found
            : ExitCode.Done;
    }

    private static void Tell(ReloadStatus? reload)
    {
        if (reload is { IsTaken: false })
        {
            Console.WriteLine(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"the reload of {reload.At.UtcDateTime:yyyy-MM-dd HH:mm} UTC was refused, and the configuration before it is in force: "
                    + $"{ShownText.Of(string.Join("; ", reload.Errors), 1000)}"));
        }

        if (reload is { Waiting.Count: > 0 })
        {
            Console.WriteLine($"waits for a restart: {ShownText.Of(string.Join(", ", reload.Waiting), 1000)}");
        }
    }
}
