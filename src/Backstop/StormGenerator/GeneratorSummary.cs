namespace Backstop.StormGenerator;

/// <summary>
/// How the messages of one kind fared, in the JSON of <c>storm</c>. This is a contract: fields are added, never
/// changed.
/// </summary>
internal sealed record StormKindSummary
{
    public required int Sent { get; init; }

    public required int RefusedAtRcpt { get; init; }

    public required int RefusedAtData { get; init; }

    public required int Deferred { get; init; }

    public required int Accepted { get; init; }

    public required int Failed { get; init; }

    public required int InInbox { get; init; }

    public required int InOtherFolders { get; init; }

    public required int Missing { get; init; }

    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    public required IReadOnlyDictionary<string, int> Replies { get; init; }

    public static StormKindSummary Of(IReadOnlyList<StormResult> results, StormFolders? folders)
    {
        var times = results.Select(r => r.Milliseconds).Order().ToList();
        var accepted = results.Where(r => r.Code == 250).Select(r => r.Message.Id).ToList();
        return new()
        {
            Sent = results.Count,
            RefusedAtRcpt = results.Count(r => r.Code >= 500 && r.Stage is "connect" or "mail" or "rcpt"),
            RefusedAtData = results.Count(r => r.Code >= 500 && r.Stage is "data" or "end"),
            Deferred = results.Count(r => r.Code is >= 400 and < 500),
            Accepted = accepted.Count,
            Failed = results.Count(r => r.Code == 0),
            InInbox = folders is null ? 0 : accepted.Count(folders.Inbox.Contains),
            InOtherFolders = folders is null ? 0 : accepted.Count(folders.Others.Contains),
            Missing = folders is null ? 0 : accepted.Count(id => !folders.Inbox.Contains(id) && !folders.Others.Contains(id)),
            P50Ms = At(times, 0.50),
            P99Ms = At(times, 0.99),
            Replies = results.Where(r => r.Code != 250).CountBy(r => r.Code == 0 ? r.Text : $"{r.Code} {r.Text}")
                .OrderByDescending(p => p.Value).Take(10).ToDictionary(),
        };
    }

    private static double At(List<double> sorted, double part) =>
        sorted.Count == 0 ? 0 : Math.Round(sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * part))], 2);
}

/// <summary>The JSON of <c>storm</c>.</summary>
internal sealed record GeneratorSummary(
    StormKindSummary Bounces, StormKindSummary Genuine, StormKindSummary Legit, double Seconds, bool FoldersChecked,
    int DuplicatesInFolders)
{
    /// <summary>Whether wanted mail was refused for good, not delivered, or filed.</summary>
    public bool IsLoss => Lost(Genuine) || Lost(Legit);

    private bool Lost(StormKindSummary kind) =>
        kind.RefusedAtRcpt + kind.RefusedAtData + kind.Failed + kind.Deferred > 0 || (FoldersChecked && kind.InInbox < kind.Accepted);
}

/// <summary>The ids of the generated messages that were found in folders afterwards.</summary>
internal sealed record StormFolders(HashSet<string> Inbox, HashSet<string> Others, int Duplicates);
