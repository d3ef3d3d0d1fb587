using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Backstop.Server.Web;

/// <summary>Refuses bodies that are larger than any form of the dashboard, before they are kept.</summary>
internal static class FormLimit
{
    /// <summary>The longest form contains a search text or a file name.</summary>
    public const int MaxLength = 64 << 10;

    /// <summary>
    /// Passes a request whose body is small enough. Answers 413 for others, and 400 for malformed bodies.
    /// </summary>
    public static async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.ContentLength > MaxLength)
        {
            await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge);
            return;
        }

        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxLength;
        try
        {
            await next(context);
        }
        catch (Exception error) when (!context.Response.HasStarted && StatusOf(error) is { } status)
        {
            await RefuseAsync(context, status);
        }
    }

    // Antiforgery reads the form first and wraps exceptions. InvalidDataException: more fields or longer names than any
    // form has.
    private static int? StatusOf(Exception error) => error switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        InvalidDataException => StatusCodes.Status413PayloadTooLarge,
        AntiforgeryValidationException { InnerException: { } inner } => StatusOf(inner) ?? StatusCodes.Status400BadRequest,
        _ => null,
    };

    private static Task RefuseAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Connection = "close";
        var text = status == StatusCodes.Status413PayloadTooLarge ? "The form is too large.\n" : "The request is malformed.\n";
        return context.Response.WriteAsync(text, CancellationToken.None);
    }
}
