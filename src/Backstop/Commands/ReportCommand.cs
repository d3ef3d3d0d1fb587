using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Backstop.Configuration;
using Backstop.Judging.Storms;
using Backstop.Server.Web;

namespace Backstop.Commands;

/// <summary>
/// The verb <c>report</c>: writes an incident report of the server's storms, and lists of the hosts that took part.
/// </summary>
internal static class ReportCommand
{
    private const string DefaultOutput = "storm-report.html";

    public static Command Create()
    {
        var config = CommonOptions.Config();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var since = new Option<string?>("--since")
        {
            Description = "Storms that lasted until then or later: a date (2026-11-25, 2026-11-25T08:00) or an age (24h, 7d). Default: all "
            + "storms on record.",
            HelpName = "T"
        };
        var output = new Option<string>("--output")
        {
            Description = "The file for the page; - for stdout.",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultOutput
        };
        (Option<string?> Option, HostListFormat Format)[] lists =
        [
            (List("--hosts", "one address a line"), HostListFormat.Plain), (
                List("--rbldnsd", "as a dataset for rbldnsd"), HostListFormat.Rbldnsd),
            (List("--zone", "as records of a DNS list (RFC 5782)"), HostListFormat.Zone), (
                List("--postfix", "as an access map for Postfix"), HostListFormat.Postfix),
        ];
        var command = new Command(
            "report", "Write an incident report of storms (HTML), and lists of the hosts that took "
                + "part.") { config, data, since, output, json };
        foreach (var (option, _) in lists)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            var options = CommonOptions.ReadForData(parsed.GetValue(config), parsed.GetValue(data));
            var now = TimeProvider.System.GetUtcNow();
            var from = parsed.GetValue(since) is { } text ? ParseSince(text, now) : (DateTimeOffset?)null;
            var storms = new StormStore(DataPaths.Storms(options)).Read().Where(s => from is null || (s.Ended ?? s.Last) >= from).ToList();
            if (parsed.GetValue(json))
            {
                storms.ForEach(s => Console.WriteLine(JsonSerializer.Serialize(s, CliJson.Default.StormRecord)));
            }
            else
            {
                Write(parsed.GetValue(output)!, StormReport.Write(options.Hostname, storms, from, now), Counted(storms.Count, "storm"));
            }

            foreach (var (option, format) in lists)
            {
                if (parsed.GetValue(option) is { } file)
                {
                    var hosts = storms.SelectMany(s => s.Hosts).GroupBy(h => h.Key, h => h.Value, StringComparer.Ordinal)
                        .ToDictionary(g => g.Key, g => (int)Math.Min(int.MaxValue, g.Sum()), StringComparer.Ordinal);
                    Write(file, HostList.Write(format, hosts, now, "backstop report"), Counted(hosts.Count, "host"));
                }
            }

            return ExitCode.Done;
        });
        return command;

        static Option<string?> List(string name, string what) =>
            new(name) { Description = $"Also write the hosts, {what}.", HelpName = "FILE" };
    }

    private static DateTimeOffset ParseSince(string text, DateTimeOffset now)
    {
        if (Ages.TryParse(text, out var age))
        {
            return now - age;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var at)
            ? at
            : throw new CommandException(
                ExitCode.Usage,
                $"--since {text}: not a time; write a date such as 2026-11-25, or an age such as 24h or 7d");
    }

    private static string Counted(int count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static void Write(string file, string content, string what)
    {
        if (file == "-")
        {
            Console.Write(content);
            return;
        }

        try
        {
            File.WriteAllText(file, content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.CannotCreate, $"{file}: {error.Message}");
        }

        Console.Error.WriteLine($"{file}: {what}");
    }
}
