using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Web;

/// <summary>
/// Decides from the address and header of a request whether <c>/classify</c> takes it. Its body has not been read then.
/// </summary>
internal sealed partial class ClassifyGate(BackstopOptions options, TimeProvider time, ILogger log)
{
    private const string Scheme = "Bearer ";

    private static readonly TimeSpan _lookEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private ClassifyTokens _tokens = ClassifyTokens.Read(options.Classify);
    private DateTime _changedAt = ChangedAt(options.Classify.TokenFile);
    private long _lookedAt = time.GetTimestamp();

    /// <summary>The answer to a message that is too large.</summary>
    public ClassifyProblem TooLarge => ClassifyProblem.TooLarge(options.Classify.MaxMessage.ToString());

    /// <summary>Checks a request.</summary>
    /// <param name="request">The request, with its body unread.</param>
    /// <param name="known">What the request says of the message's envelope.</param>
    /// <returns>Why it is refused; null where it is not.</returns>
    public ClassifyProblem? Check(HttpRequest request, out KnownEnvelope known)
    {
        known = default;
        return Caller(request) ?? Body(request) ?? Query(request.Query, ref known);
    }

    private ClassifyProblem? Caller(HttpRequest request) =>
        !Login.IsOurName(request.Host.Host, options) ? ClassifyProblem.WrongHost
        : !options.Classify.IsOn ? ClassifyProblem.Off
        : !HttpMethods.IsPost(request.Method) ? ClassifyProblem.Method
        : request.Headers.Authorization is not [{ } authorization]
            || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? ClassifyProblem.NoToken
        : Tokens().Fits(authorization[Scheme.Length..].Trim()) ? null
        : ClassifyProblem.WrongToken;

    // A token that is removed from the file is invalid a second later. Where the file cannot be read any more, the last
    // tokens stay valid, and the log says so.
    private ClassifyTokens Tokens()
    {
        lock (_gate)
        {
            if (options.Classify.TokenFile.Length == 0 || time.GetElapsedTime(_lookedAt) < _lookEvery)
            {
                return _tokens;
            }

            _lookedAt = time.GetTimestamp();
            var changed = ChangedAt(options.Classify.TokenFile);
            if (changed == _changedAt)
            {
                return _tokens;
            }

            _changedAt = changed;
            try
            {
                _tokens = ClassifyTokens.Read(options.Classify);
                LogTokens(options.Classify.TokenFile);
            }
            catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                LogBadTokens(error.Message);
            }

            return _tokens;
        }
    }

    private static DateTime ChangedAt(string file) => file.Length > 0 ? File.GetLastWriteTimeUtc(file) : default;

    // A form or a compressed message would be classified as ordinary mail, and nobody would notice.
    private ClassifyProblem? Body(HttpRequest request) =>
        request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true ? ClassifyProblem.Form
        : request.Headers.ContentEncoding.Any(e => e is not (null or "" or "identity")) ? ClassifyProblem.Encoded
        : request.ContentLength > options.Classify.MaxMessage.Bytes ? TooLarge
        : null;

    private static ClassifyProblem? Query(IQueryCollection query, ref KnownEnvelope known)
    {
        foreach (var (name, values) in query)
        {
            var value = values is [{ } only] ? only : "";
            switch (name)
            {
                case "to" when MailAddress.TryParse(value) is { } to:
                    known = known with { To = to };
                    break;
                case "to":
                    return ClassifyProblem.Parameter(
                        "The parameter to is not a single address.",
                        "Give the recipient's address, a + in it as %2B; or leave it out, "
                        + "and it is taken from the message's own fields.");
                case "null" when value is "true" or "false":
                    known = known with { NullReversePath = value == "true" };
                    break;
                case "null":
                    return ClassifyProblem.Parameter(
                        "The parameter null is neither true nor false.",
                        "Say whether the envelope sender was <>; or leave it out, and it is taken from Return-Path.");
                default:
                    return ClassifyProblem.Parameter("The query has an unknown parameter.", "The parameters are to and null.");
            }
        }

        return null;
    }

    [LoggerMessage(8405, LogLevel.Information, "classify: {File} has changed; from now on only the tokens in it are valid")]
    private partial void LogTokens(string file);

    [LoggerMessage(8404, LogLevel.Error, "classify: the token file cannot be used, so the last tokens stay valid: {Error}")]
    private partial void LogBadTokens(string error);
}
