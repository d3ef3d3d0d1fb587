using System.Data.Common;
using System.Net;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Explain;
using Backstop.Mailboxes.Reading;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Web;

/// <summary>
/// <c>POST /classify</c>: takes a message and returns the JSON of <c>explain</c>. It comes before the dashboard's
/// login, so that only the token counts: no cookie gives access, and no wrong token locks anybody out.
/// </summary>
internal sealed partial class ClassifyEndpoint(
    BackstopOptions options, Explainer explainer, BackstopMetrics metrics, TimeProvider time, ILogger<ClassifyEndpoint> log)
{
    private readonly ClassifyGate _gate = new(options, time, log);
    private readonly Seldom _refused = new(time);
    private int _open;

    /// <summary>Whether a path belongs to this endpoint.</summary>
    public static bool Is(PathString path) =>
        path.StartsWithSegments("/classify", StringComparison.Ordinal, out var rest) && rest.Value is null or "" or "/";

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var problem = _gate.Check(context.Request, out var known) ?? await EnterAsync(context, known);
        metrics.Classified(problem?.Error ?? "explained");
        if (problem is null)
        {
            return;
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            NoteRefused(context.Connection.RemoteIpAddress);
        }

        await RefuseAsync(context, problem);
    }

    private async Task<ClassifyProblem?> EnterAsync(HttpContext context, KnownEnvelope known)
    {
        var open = Interlocked.Increment(ref _open);
        try
        {
            return open > options.Classify.MaxParallel ? ClassifyProblem.Busy : await ExplainAsync(context, known);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task<ClassifyProblem?> ExplainAsync(HttpContext context, KnownEnvelope known)
    {
        // A message that is too long is refused here, with an explanation. Kestrel reads what the client still sends
        // for five seconds, so that the client sees the answer.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        using var limit = new CancellationTokenSource(options.Classify.TimeLimit, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        ReadOnlyMemory<byte>? message;
        try
        {
            var (body, length) = (context.Request.BodyReader, context.Request.ContentLength);
            message = await ClassifyBody.ReadAsync(body, options.Classify.MaxMessage.Bytes, MessageFiles.MaxMessage, length, ends.Token);
        }
        catch (OperationCanceledException)
        {
            return limit.IsCancellationRequested ? ClassifyProblem.TooSlow : ClassifyProblem.CutOff;
        }
        catch (BadHttpRequestException error)
        {
            return error.StatusCode == StatusCodes.Status408RequestTimeout ? ClassifyProblem.TooSlow : ClassifyProblem.CutOff;
        }
        catch (IOException)
        {
            return ClassifyProblem.CutOff;
        }

        return message is not { } octets ? _gate.TooLarge
            : octets.Length == 0 ? ClassifyProblem.Empty
            : IsStripped(context.Request, octets.Span) ? ClassifyProblem.OneLine
            : await JudgeAsync(context, octets, known);
    }

    private async Task<ClassifyProblem?> JudgeAsync(HttpContext context, ReadOnlyMemory<byte> octets, KnownEnvelope known)
    {
        // The body may have arrived on the thread that polls all sockets, those of mail too; judging must not block it.
        await Task.Yield();
        byte[] answer;
        try
        {
            answer = explainer.Explain(new("-", octets), known).ToJsonLine();
        }
        catch (DbException error)
        {
            LogJournal(error.Message);
            return ClassifyProblem.Journal;
        }
        catch (Exception error)
        {
            // The outermost loop of a request: a bug must not look like an empty answer, which a caller could take for
            // "mail".
            LogFailed(error);
            return ClassifyProblem.Failed;
        }

        await WriteAsync(context, StatusCodes.Status200OK, "application/json", answer);
        return null;
    }

    // curl -d @FILE declares a form and leaves out every line end: a bounce then looks like one field.
    private static bool IsStripped(HttpRequest request, ReadOnlySpan<byte> octets) =>
        request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true
        && !octets.Contains((byte)'\n');

    private static Task RefuseAsync(HttpContext context, ClassifyProblem problem)
    {
        var headers = context.Response.Headers;
        switch (problem.Status)
        {
            case StatusCodes.Status401Unauthorized:
                // RFC 6750 §3.1: a request without a token gets no error code.
                var error = problem == ClassifyProblem.NoToken ? "" : ", error=\"invalid_token\"";
                headers.WWWAuthenticate = "Bearer realm=\"backstop\"" + error;
                break;
            case StatusCodes.Status405MethodNotAllowed:
                headers.Allow = HttpMethods.Post;
                break;
            case StatusCodes.Status408RequestTimeout or StatusCodes.Status413PayloadTooLarge:
                headers.Connection = "close";
                break;
            case StatusCodes.Status503ServiceUnavailable:
                headers.RetryAfter = "1";
                break;
        }

        return WriteAsync(context, problem.Status, "application/problem+json", problem.ToJsonLine());
    }

    // Kestrel writes nothing to a caller that has gone; that is not an error.
    private static async Task WriteAsync(HttpContext context, int status, string type, byte[] json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = json.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(json, CancellationToken.None);
    }

    // One line a minute, whatever is tried; the metric counts the rest.
    private void NoteRefused(IPAddress? client)
    {
        if (_refused.Count(out var count))
        {
            LogRefused(count, client);
        }
    }

    [LoggerMessage(8401, LogLevel.Warning, "classify: {Count} requests without a token or with a wrong one since the start, "
        + "the last from {Client}")]
    private partial void LogRefused(long count, IPAddress? client);

    [LoggerMessage(8403, LogLevel.Error, "classify: a message could not be judged")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(8402, LogLevel.Error, "classify: the journal cannot be read: {Error}")]
    private partial void LogJournal(string error);
}
