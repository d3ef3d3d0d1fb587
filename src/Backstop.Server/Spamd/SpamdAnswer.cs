using System.Diagnostics;
using System.Globalization;
using System.Net;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Protocols.Spamd;
using Backstop.Server.Filters;
using Backstop.SpamRules.Reports;
using Backstop.SpamRules.Scanning;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Spamd;

/// <summary>Gives a request to spamd its reply.</summary>
internal sealed partial class SpamdAnswer(
    SpamFilter filter, BackstopOptions options, BackstopMetrics metrics, TimeProvider time, ILogger<SpamdAnswer> log)
{
    public async Task<ReadOnlyMemory<byte>> ToAsync(SpamdRequest request, byte[] message, IPAddress? client, long started)
    {
        switch (request.Verb)
        {
            case SpamdVerb.Ping:
                return SpamdReply.Pong;
            case SpamdVerb.Skip:
                return default;
            case SpamdVerb.Tell:
                return await TellAsync(request, message, client, started);
            default:
                var budget = JudgingBudget.For(options, message.Length);
                var (scanned, autoLearn) = await filter.ScanAsync(message, request.User, budget, CancellationToken.None);
                var result = scanned.Result;
                if (result.IsUnjudged)
                {
                    metrics.NotScanned("clients", budget.IsBraked ? "clock" : "cpu");
                    LogUnjudged(client, request.User, message.Length);
                }
                else
                {
                    metrics.Scanned("clients", result.IsSpam, started);
                }

                LogScored(
                    request.Verb, client, request.User, scanned.ScoreText, result.IsSpam, message.Length,
                    Stopwatch.GetElapsedTime(started).TotalMilliseconds, string.Join(',', result.Hits.Select(h => h.Rule)));
                return Write(request, scanned, new(options.Hostname, SpamFilter.Version, autoLearn, time.GetUtcNow()));
        }
    }

    private static ReadOnlyMemory<byte> Write(SpamdRequest request, ScannedMessage scanned, ReportContext context)
    {
        var result = scanned.Result;
        var score = new SpamdScore(result.IsSpam, scanned.ScoreText, result.Required.ToString("F1", CultureInfo.InvariantCulture));
        return request.Verb switch
        {
            SpamdVerb.Check => SpamdReply.Checked(score),
            SpamdVerb.Symbols =>
                SpamdReply.Text(request, score, System.Text.Encoding.Latin1.GetBytes(string.Join(',', result.Hits.Select(h => h.Rule)))),
            SpamdVerb.ReportIfSpam when !result.IsSpam => SpamdReply.Text(request, score, []),
            SpamdVerb.Report or SpamdVerb.ReportIfSpam => SpamdReply.Text(request, score, scanned.Report(context)),
            SpamdVerb.Headers => SpamdReply.Message(request, score, scanned.RewriteHeader(context)),
            _ => SpamdReply.Message(request, score, scanned.Rewrite(context)),
        };
    }

    private async Task<ReadOnlyMemory<byte>> TellAsync(SpamdRequest request, byte[] message, IPAddress? client, long started)
    {
        if (!options.Spam.AllowTell)
        {
            return SpamdReply.Unavailable("TELL commands are not enabled, set spam.allow_tell = true.");
        }

        if (request.SetLocal && request.RemoveLocal)
        {
            return SpamdReply.Wrong("Unable to set local and remove local in the same operation.");
        }

        var didSet = request.SetLocal && await filter.LearnAsync(
            message, request.User, request.MessageClass == "spam", CancellationToken.None);
        var didRemove = request.RemoveLocal && await filter.LearnAsync(message, request.User, null, CancellationToken.None);
        LogTold(
            client, request.User, didSet, didRemove, request.MessageClass, message.Length,
            Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        return SpamdReply.Told(didSet, didRemove);
    }

    [LoggerMessage(
        6107, LogLevel.Warning,
        "spamd: a message used up its CPU budget and gets no score client={Client} user={User} bytes={Bytes}; smtp.cpu_per_message")]
    private partial void LogUnjudged(IPAddress? client, string user, int bytes);

    [LoggerMessage(
        6105, LogLevel.Information,
        "spamd: {Verb} client={Client} user={User} score={Score} spam={IsSpam} bytes={Bytes} ms={Milliseconds:F1} tests={Tests}")]
    private partial void LogScored(
        SpamdVerb verb, IPAddress? client, string user, string score, bool isSpam, int bytes, double milliseconds, string tests);

    [LoggerMessage(
        6106, LogLevel.Information,
        "spamd: Tell client={Client} user={User} learned={Learned} forgot={Forgot} class={Class} bytes={Bytes} ms={Milliseconds:F1}")]
    private partial void LogTold(IPAddress? client, string user, bool learned, bool forgot, string @class, int bytes, double milliseconds);
}
