using Backstop.Server.Control;
using Backstop.Server.Web.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Backstop.Server.Web;

/// <summary>Adds a route for a form.</summary>
internal delegate void MapForm(WebApplication app, string path, Func<HttpContext, IFormCollection, Task<IResult>> handle);

/// <summary>The dashboard's pages about the messages that wait: why they do, and what a person can do about one.</summary>
/// <param name="desk">Answers questions about the queue, and carries out changes.</param>
/// <param name="frame">Returns the parts that all pages share.</param>
/// <param name="post">Adds a route for a form, protected as all forms are.</param>
/// <param name="missing">Returns the page for a message that does not exist.</param>
/// <param name="note">Logs an action: what was done, to what, and how it went.</param>
internal sealed class QueueRoutes(
    QueueDesk desk, Func<HttpContext, Frame> frame, MapForm post, Func<HttpContext, IResult> missing, Action<string, string, string> note)
{
    private const int MaxShown = 200;

    // A page is made quickly, however many messages wait; the command line looks at all of them.
    private const int MaxLooked = 20_000;

    public void Map(WebApplication app)
    {
        app.MapGet("/queue", (HttpContext c, string? to, string? from, string? reason) =>
        {
            var filter = new QueueFilter { To = to?.Trim() ?? "", From = from?.Trim() ?? "", Reason = reason?.Trim() ?? "" };
            var shown = desk.All().Take(MaxLooked).Where(filter.Fits).Take(MaxShown).ToList();
            return Html(c, QueuePages.List(frame(c), filter, shown, shown.Count == MaxShown));
        });
        app.MapGet(
            "/queue/{id}", (HttpContext c, string id) => desk.Find(id) is { } line ? Html(c, QueuePages.One(frame(c), line)) : missing(c));
        Do(app, QueueVerbs.Hold);
        Do(app, QueueVerbs.Release);
        Do(app, QueueVerbs.Deliver);
    }

    private void Do(WebApplication app, string verb) => post(app, "/queue/" + verb, async (c, form) =>
    {
        var id = form["id"].ToString();
        if (await desk.DoAsync(verb, id, c.RequestAborted) is not { } done || done.Result == "not-found")
        {
            return missing(c);
        }

        note("queue " + verb, done.Id, done.Result);
        return done.Result is "done" or "unchanged" or "delivered"
            ? Results.LocalRedirect(done.Result == "delivered" ? "/queue" : "/queue/" + Uri.EscapeDataString(id))
            : Html(c, ActionPages.Note(frame(c), "Not done", done.Detail, isBad: true), StatusCodes.Status503ServiceUnavailable);
    });

    private static IResult Html(HttpContext c, Markup page, int code = StatusCodes.Status200OK)
    {
        c.Response.Headers.CacheControl = "no-store";
        return Results.Content(page.ToString(), "text/html; charset=utf-8", statusCode: code);
    }
}
