using Backstop.Mail;
using Backstop.Server.Options;
using Microsoft.AspNetCore.Http;

namespace Backstop.Server.Web;

/// <summary>Decides by a request's address and header whether <c>/classify</c> takes it; nothing of its body has been read then.</summary>
internal sealed class ClassifyGate(BackstopOptions options)
{
    private const string Scheme = "Bearer ";

    private readonly ClassifyTokens _tokens = ClassifyTokens.Read(options.Classify);

    /// <summary>The answer to a message that is too large.</summary>
    public ClassifyProblem TooLarge => ClassifyProblem.TooLarge(options.Classify.MaxMessage.ToString());

    /// <summary>Checks a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="known">What it knows of the message's envelope.</param>
    /// <returns>Why it is refused, or null.</returns>
    public ClassifyProblem? Check(HttpRequest request, out KnownEnvelope known)
    {
        known = default;
        return Caller(request) ?? Body(request) ?? Query(request.Query, ref known);
    }

    private ClassifyProblem? Caller(HttpRequest request) =>
        !Login.IsOurName(request.Host.Host, options) ? ClassifyProblem.WrongHost
        : !options.Classify.IsOn ? ClassifyProblem.Off
        : !HttpMethods.IsPost(request.Method) ? ClassifyProblem.Method
        : request.Headers.Authorization is not [{ } authorization] || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? ClassifyProblem.NoToken
        : _tokens.Fits(authorization[Scheme.Length..].Trim()) ? null
        : ClassifyProblem.WrongToken;

    // A form or a compressed message would be taken for mail that says nothing, and nobody would notice.
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
                    return ClassifyProblem.Parameter("to is not one address.", "Give the address that the message came to, a + in it as %2B; or leave it out, and the message's own fields are asked.");
                case "null" when value is "true" or "false":
                    known = known with { NullReversePath = value == "true" };
                    break;
                case "null":
                    return ClassifyProblem.Parameter("null is neither true nor false.", "Say whether the envelope sender was <>; or leave it out, and Return-Path is asked.");
                default:
                    return ClassifyProblem.Parameter("The query has a parameter that is not known.", "Known are to and null.");
            }
        }

        return null;
    }
}
