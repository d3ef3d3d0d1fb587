using System.Globalization;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Evals;

/// <summary>Dates against each other, and Outlook's Message-ID against the date (Plugin/HeaderEval.pm).</summary>
internal static class DateEvals
{
    private const double MonthSeconds = 31556952.0 / 12;

    private static readonly PerlRegex _local = new(@"\bfrom (?:localhost\s|(?:\S+ ){1,2}\S*\b127\.0\.0\.1\b)|qmail \d+ invoked by uid \d+");
    private static readonly PerlRegex _fetchmail = new(@"\bby localhost with \w+ \(fetchmail-[\d.]+");
    private static readonly PerlRegex _date = new(@"(\s.?\d+ \S\S\S \d+ \d+:\d+:\d+ \S+)");
    private static readonly PerlRegex _lastDate = new(@"(\s.?\d+ \S\S\S \d+ \d+:\d+:\d+ \S+).*?$");
    private static readonly PerlRegex _outlookId = new(@"^<[0-9a-f]{4}([0-9a-f]{8})\$[0-9a-f]{8}\$[0-9a-f]{8}@");

    public static void Register(EvalTable table)
    {
        table.Add("check_for_shifted_date", static (scan, arguments) => Difference(scan) is var seconds
            && seconds >= (arguments.Number(0) * 3600 ?? double.MinValue) && seconds < (arguments.Number(1) * 3600 ?? double.MaxValue));
        table.Add("check_outlook_message_id", static (scan, _) => HasWrongOutlookId(scan));
        table.Add("received_within_months", static (scan, arguments) => scan.Now.ToUnixTimeSeconds() - Received(scan) is var seconds
            && seconds >= (
            arguments.Number(0) * MonthSeconds ?? double.MinValue) && seconds < (arguments.Number(1) * MonthSeconds ?? double.MaxValue));
    }

    /// <summary>Seconds by which the Date is ahead of the nearest Received.</summary>
    private static long Difference(MessageScan scan) => scan.Remember("date_diff", () =>
    {
        if (HeaderTime(scan) is not { } time || ReceivedTimes(scan).Times is not { Count: > 0 } received)
        {
            return 0L;
        }

        var differences = received.Select(r => time - r).ToList();
        if (differences.Count > 1 && differences[^1] == 0)
        {
            differences.RemoveAt(differences.Count - 1);
        }

        return differences.MinBy(Math.Abs);
    });

    private static long? HeaderTime(MessageScan scan)
    {
        foreach (var name in new[] { "Resent-Date", "Date" })
        {
            foreach (var date in scan.Message.Headers(name))
            {
                if (MailDate.Parse(date) is { } time)
                {
                    return time;
                }
            }
        }

        return null;
    }

    private static (List<long> Times, long? Fetched) ReceivedTimes(MessageScan scan) => scan.Remember("received_times", () =>
    {
        var lines = scan.Headers.One("Received").Split('\n').Where(l => l.AsSpan().ContainsAnyExcept(" \t\r")).ToList();
        var local = new List<string>();
        if (lines.Count > 0 && _local.IsMatch(lines[0]))
        {
            local.Add(lines[0]);
            lines.RemoveAt(0);
        }

        if (lines.Count > 0 && _fetchmail.IsMatch(lines[0]))
        {
            local.Add(lines[0]);
            lines.RemoveAt(0);
        }
        else if (local.Count > 0)
        {
            lines.Insert(0, local[0]);
            local.Clear();
        }

        var fetched = Times(local).Where(t => t <= scan.Now.ToUnixTimeSeconds()).DefaultIfEmpty(-1).Max();
        return (Times(lines).ToList(), fetched < 0 ? (long?)null : fetched);
    });

    private static IEnumerable<long> Times(IEnumerable<string> lines) =>
        lines.Select(l => _date.Match(l)).Where(m => m.Success).Select(m => MailDate.Parse(m.Groups[1].Value)).OfType<long>();

    /// <summary>The median of what the dates say.</summary>
    private static long Received(MessageScan scan)
    {
        var dates = new List<long>();
        var (times, fetched) = ReceivedTimes(scan);
        if (HeaderTime(scan) is { } header)
        {
            dates.Add(header);
            if (times.Count > 0)
            {
                dates.Add(header - Difference(scan));
            }
        }

        dates.AddRange(times.Take(1));
        dates.AddRange(fetched is { } time ? [time] : []);
        return dates.Count == 0 ? 0 : dates.OrderDescending().ElementAt((dates.Count - 1) / 2);
    }

    /// <summary>Whether the sender's clock, which is the first half of an Outlook id, contradicts the Date field.</summary>
    private static bool HasWrongOutlookId(MessageScan scan)
    {
        if (_outlookId.Match(scan.Headers.One("MESSAGEID")) is not { Success: true } match)
        {
            return false;
        }

        var token = long.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (IsNear(token, MailDate.Parse(scan.Headers.One("Date")) ?? 0))
        {
            return false;
        }

        var received = _lastDate.Match(scan.Headers.One("Received"));
        return !IsNear(token, received.Success ? MailDate.Parse(received.Groups[1].Value) ?? 0 : 0);
    }

    private static bool IsNear(long token, long time) => Math.Abs(token - (long)((time * 0.0023283064365387) + 27111902.8329849)) < 250;
}
