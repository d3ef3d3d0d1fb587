using System.Globalization;
using Backstop.Clean;
using Backstop.Clean.Report;
using Backstop.Clean.Running;
using Backstop.Judging.Storms;
using Backstop.Mail;

namespace Backstop.Terminal;

/// <summary>Cleans mailboxes at a terminal: shows the progress, then what was found and what to do next.</summary>
/// <param name="options">What to clean, and how.</param>
/// <param name="show">How the result is shown.</param>
/// <param name="cleaner">Does the cleaning.</param>
/// <param name="output">Opens the stream for the table or the JSON.</param>
/// <param name="time">The clock.</param>
internal sealed class CleanSession(CleanOptions options, CleanOutput show, Cleaner cleaner, Func<Stream> output, TimeProvider time)
{
    private readonly Meter _meter = new();
    private readonly Dictionary<string, int> _hosts = new(StringComparer.Ordinal);
    private int _reports;

    /// <summary>Cleans one mailbox.</summary>
    /// <returns>Whether backscatter was found and has not been moved.</returns>
    public async Task<bool> RunAsync(IMailSource source, CancellationToken ct)
    {
        using var resumed = await cleaner.ResumeAsync(source, said => Console.Error.WriteLine($"backstop: {said}"), ct);
        var outcome = await ProgressBar.WhileAsync(_meter, time, () => cleaner.RunAsync(source, resumed, _meter, ct));
        var (plan, sent, summary) = (outcome.Plan, outcome.Sent, outcome.Summary);
        if (source.Remark is { } remark)
        {
            await Console.Error.WriteLineAsync($"backstop: {ShownText.Of(remark, 1000)}");
        }

        await WriteFilesAsync(plan, summary, ct);
        Say(plan, sent, summary);
        return !options.IsApply && plan.Count(Pile.Backscatter) > 0;
    }

    private async Task WriteFilesAsync(CleanPlan plan, CleanSummary summary, CancellationToken ct)
    {
        if (show.Report is { } report)
        {
            var page = CleanReport.Write(summary.Mailbox, plan, summary, time.GetUtcNow(), show.RepeatedByUndo);
            await File.WriteAllTextAsync(ReportFile(report, ++_reports), page, ct);
        }

        // One list for all mailboxes: each further mailbox writes the file again with its hosts added.
        var found = plan.Messages.Where(m => m.Finding.Pile == Pile.Backscatter).Select(m => m.Finding.Address).OfType<string>()
            .CountBy(a => a, StringComparer.Ordinal).ToDictionary();
        foreach (var (address, count) in found)
        {
            _hosts[address] = _hosts.GetValueOrDefault(address) + count;
        }

        foreach (var (format, path) in show.Hosts)
        {
            var list = HostList.Write(format, path == "-" ? found : _hosts, time.GetUtcNow(), "backstop clean");
            if (path == "-")
            {
                await Console.Out.WriteAsync(list);
                continue;
            }

            await File.WriteAllTextAsync(path, list, ct);
        }
    }

    /// <summary>
    /// Returns the file for the page of a mailbox: the named file for the first, numbered files beside it for the
    /// others.
    /// </summary>
    internal static string ReportFile(string file, int number)
    {
        var (stem, end) = (Path.GetFileNameWithoutExtension(file), Path.GetExtension(file));
        var name = string.Create(CultureInfo.InvariantCulture, $"{stem}-{number}{end}");
        return number == 1 ? file : Path.Combine(Path.GetDirectoryName(file)!, name);
    }

    private void Say(CleanPlan plan, SentMail sent, CleanSummary summary)
    {
        using var octets = new BufferedStream(output(), 1 << 16);
        if (show.IsJson)
        {
            CleanJsonLines.Write(octets, plan, show.Show, summary);
            return;
        }

        using var lines = new StreamWriter(octets);
        var (columns, rows) = Screen();
        var table = new CleanTable(lines, columns, rows);
        if (show.Show.Count > 0)
        {
            table.WriteMessages(plan, show.Show);
        }
        else
        {
            table.WriteCampaigns(plan);
        }

        foreach (var line in CleanSentences.Of(plan, sent, summary, options, show))
        {
            lines.WriteLine(line);
        }
    }

    private static (int Columns, int Rows) Screen()
    {
        // A campaign takes two rows; the sums and headings take about a dozen.
        const int rest = 14;
        return Console.IsOutputRedirected || Console.WindowHeight == 0
            ? (100, 20)
            : (Math.Clamp(Console.WindowWidth, 80, 200), Math.Clamp((Console.WindowHeight - rest) / 2, 4, 40));
    }
}
