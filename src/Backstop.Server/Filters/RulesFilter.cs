using System.Text;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.SpamRules.Reports;

namespace Backstop.Server.Filters;

/// <summary>Scans by the rules in this process.</summary>
internal sealed class RulesFilter(SpamFilter filter, BackstopOptions options, TimeProvider time) : IMessageFilter
{
    public string Name => "rules";

    public bool IsReady => filter.IsReady;

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        var (scanned, autoLearn) = await filter.ScanAsync(question.Traced(), UserOf(question), question.Budget, ct);
        if (scanned.Result.IsUnjudged)
        {
            return new(null, "") { IsUnjudged = true };
        }

        var fields = scanned.HeaderFields(new ReportContext(options.Hostname, SpamFilter.Version, autoLearn, time.GetUtcNow()));
        return new(scanned.Result.IsSpam ? ServerReasons.SpamScore : null, Encoding.Latin1.GetString(fields));
    }

    // A message is scored once: for several mailboxes by the site's settings.
    private static string UserOf(FilterQuestion question) => question.Mailboxes is [var only] ? only : "";
}
