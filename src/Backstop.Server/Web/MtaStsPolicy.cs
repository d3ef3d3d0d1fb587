using Backstop.Configuration.Options;
using Microsoft.AspNetCore.Http;

namespace Backstop.Server.Web;

/// <summary>Serves the MTA-STS policy to everybody, under the host names that are made for it and that no other page has.</summary>
internal static class MtaStsPolicy
{
    private const string Prefix = "mta-sts.";

    /// <summary>Whether a request is for one of the policy's host names.</summary>
    /// <param name="context">The request.</param>
    /// <param name="options">The configuration in force.</param>
    public static bool IsFor(HttpContext context, BackstopOptions options) =>
        options.MtaSts.Mode != MtaStsMode.Off && context.Request.Host.Host is var host
        && host.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
        && options.Domains.Contains(host[Prefix.Length..], StringComparer.OrdinalIgnoreCase);

    /// <summary>Answers such a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="options">The configuration in force.</param>
    public static Task AnswerAsync(HttpContext context, BackstopOptions options)
    {
        var (request, response) = (context.Request, context.Response);
        if (!request.Path.Equals(MtaStsOptions.Path, StringComparison.Ordinal)
            || !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
        {
            // These names are known to everybody, and the dashboard may answer to any name.
            response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        // RFC 8461 §3.2: senders take no other media type, and no redirect.
        response.ContentType = "text/plain; charset=utf-8";
        var policy = options.MtaSts.Policy(options.Hostname);
        response.ContentLength = policy.Length;
        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.WriteAsync(policy, context.RequestAborted);
    }
}
