using System.Net;
using Backstop.Configuration.Options;
using Backstop.Server.Status;
using Backstop.Server.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>Serves <c>listen.web</c>.</summary>
internal static class ServerPages
{
    public static void Map(WebApplication app, BackstopOptions options, ServerParts parts, TimeProvider time, Func<IPEndPoint?> mail)
    {
        if (options.Listen.Web.Count == 0)
        {
            return;
        }

        var judging = parts.Judging;
        app.Use(async (context, next) =>
        {
            // A request may run on the thread that polls all sockets, those of mail too; a page that reads folders must
            // not block it.
            await Task.Yield();
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
                + "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "same-origin";
            await next(context);
        });
        app.Use(async (context, next) =>
        {
            if (!ClassifyEndpoint.Is(context.Request.Path))
            {
                await next(context);
                return;
            }

            using var held = parts.Hold();
            await held.Of.Fronts.Classify.AnswerAsync(context);
        });
        app.Use((context, next) => judging.Now.Options is var now && MtaStsPolicy.IsFor(context, now)
            ? MtaStsPolicy.AnswerAsync(context, now)
            : next(context));
        app.Use(FormLimit.RunAsync);
        Login.Guard(app, () => judging.Now.Options);
        app.MapPrometheusScrapingEndpoint();
        var check = new SelfCheck(() => judging.Now.Options, mail, time);
        app.Lifetime.ApplicationStopped.Register(check.Dispose);
        app.MapGet("/healthz", async (HttpContext context) =>
            await check.AskAsync(context.RequestAborted) is { } trouble ? Results.Text(
                trouble + "\n", statusCode: StatusCodes.Status503ServiceUnavailable) : Results.Text(
                "ok\n" + string.Concat(parts.Report.Troubles.Select(t => t + "\n"))));
        app.MapGet(
            "/readyz",
            () => parts.Report.NotReady() is { } why ? Results.Text(
                why + "\n", statusCode: StatusCodes.Status503ServiceUnavailable) : Results.Text("ready\n"));
        app.MapGet("/status", () => Results.Json(parts.Report.Now(), StatusJson.Default.ServerStatus));
        new Dashboard(
            new(
                () => judging.Now.Options, () => judging.Recipients, () => judging.Proving, judging.Journal, judging.Activity,
                judging.Storms, parts.Report.Now,
                parts.Mail.Queue),
            app.Services.GetRequiredService<Microsoft.AspNetCore.Antiforgery.IAntiforgery>(),
            app.Services.GetRequiredService<LoginSessions>(), app.Services.GetRequiredService<LoginLimits>(), time,
            app.Services.GetRequiredService<ILogger<Dashboard>>(), app.Lifetime.ApplicationStopping).Map(app);
    }
}
