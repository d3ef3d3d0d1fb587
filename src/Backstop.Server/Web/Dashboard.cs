using System.Globalization;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Storms;
using Backstop.Mail;
using Backstop.Server.Control;
using Backstop.Server.Status;
using Backstop.Server.Web.Pages;
using Backstop.State;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Web;

/// <summary>What the dashboard shows and changes.</summary>
/// <param name="OptionsNow">Returns the configuration in force.</param>
/// <param name="RecipientsNow">Returns its mailboxes.</param>
/// <param name="ProvingNow">Returns its proofs of origin.</param>
/// <param name="Journal">Receives messages that a person confirms as sent.</param>
/// <param name="Activity">The recent decisions.</param>
/// <param name="Storms">The storms, and the overrides that people have set.</param>
/// <param name="Status">Returns the present state of the server.</param>
/// <param name="Queue">Answers about the messages that wait.</param>
internal sealed record DashboardSources(
    Func<BackstopOptions> OptionsNow, Func<Recipients> RecipientsNow, Func<Proving> ProvingNow, SentJournal Journal, ActivityLog Activity,
    StormDesk Storms, Func<ServerStatus> Status, QueueDesk Queue)
{
    public BackstopOptions Options => OptionsNow();

    public Recipients Recipients => RecipientsNow();

    public Proving Proving => ProvingNow();
}

/// <summary>
/// The routes of the dashboard. Pages are made on the server and work without scripts; scripts keep the overview
/// current.
/// </summary>
internal sealed partial class Dashboard(
    DashboardSources parts, IAntiforgery antiforgery, LoginSessions logins, LoginLimits limits, TimeProvider time,
    ILogger<Dashboard> log, CancellationToken stopping)
{
    private const int MaxFiled = 100;
    private const int MaxDecisions = 100;
    private const int MaxHours = 24 * 31;

    private readonly LiveOverview _live = new(
        () => Overview.Of(parts.Activity.Figures(), parts.Storms.Watch.Summaries, parts.Status()), logins, time, stopping);
    private readonly Seldom _refused = new(time);
    private readonly FiledMail _filed = new(
        parts.RecipientsNow,
        () => [.. new[] { Verdict.BackscatterFolder, parts.Options.Storm.Folder, parts.Options.Spam.Folder }.Distinct()],
        new(DataPaths.Runs(parts.Options), time), time);

    public void Map(WebApplication app)
    {
        app.MapGet("/assets/{name}", Assets.Get);
        app.MapGet(
            "/",
            (HttpContext c) => Html(
                c, OverviewPage.Write(Frame(c), parts.Status(), parts.Activity.Figures(), parts.Storms.Watch.Summaries)));
        app.MapGet("/api/overview", () => Results.Text(_live.Json(), "application/json"));
        app.MapGet("/api/events", IResult (CancellationToken ct) => _live.IsFull
            ? Results.Text(
                "Too many windows show the overview; close one and reload.\n", statusCode: StatusCodes.Status503ServiceUnavailable)
            : TypedResults.ServerSentEvents(_live.StreamAsync(ct)));
        MapStorms(app);
        MapMessages(app);
        MapActions(app);
        new QueueRoutes(parts.Queue, Frame, Post, Missing, LogAction).Map(app);
    }

    private void MapStorms(WebApplication app)
    {
        app.MapGet("/storms", (HttpContext c) => Html(c, StormPages.List(Frame(c), AllStorms())));
        app.MapGet(
            "/storms/{id}", (HttpContext c, string id) => Find(id) is { } storm ? Html(c, StormPages.One(Frame(c), storm)) : Missing(c));
        app.MapGet("/api/storms", () => Results.Json(AllStorms(), StormJson.Default.IReadOnlyListStormRecord));
        app.MapGet(
            "/api/storms/{id}",
            (string id) => Find(id) is { } storm ? Results.Json(storm, StormJson.Default.StormRecord) : Results.NotFound());
        app.MapGet("/storms/{id}/hosts", (HttpContext c, string id, HostListFormat format) => Find(id) is { } storm
            ? Results.Text(HostList.Write(
            format, storm.Hosts.ToDictionary(h => h.Key, h => (int)Math.Min(int.MaxValue, h.Value)), time.GetUtcNow(),
            "backstop, storm " + storm.Id))
            : Missing(c));
    }

    private void MapMessages(WebApplication app)
    {
        app.MapGet("/messages", (HttpContext c, string? q, string? folder) => Html(c, MessagePages.List(
            Frame(c), q ?? "", folder ?? "", _filed.Folders, _filed.List(
                folder ?? "", q ?? "", MaxFiled), parts.Activity.Find(q ?? "", MaxDecisions))));
        app.MapGet(
            "/messages/one",
            (HttpContext c, string mailbox, string folder, string id) =>
                _filed.Find(mailbox, folder, id) is var (message, octets) ? Explain(c, message, octets) : Missing(c));
        Post(app, "/messages/release", async (c, form) => await ReleaseAsync(c, form, "") ?? Missing(c));
        Post(app, "/messages/mine", async (c, form) => await MineAsync(c, form));
    }

    private void MapActions(WebApplication app)
    {
        app.MapGet("/actions", (HttpContext c) => Html(c, ActionPages.Actions(Frame(c), parts.Storms.Overrides.Current)));
        Post(app, "/actions/strict", (c, form) => Task.FromResult(SetStrict(c, form)));
        Post(app, "/actions/block", (c, form) => Task.FromResult(SetBlocked(c, form)));
        app.MapGet(
            "/login",
            (HttpContext c, string? next) => parts.Options.Web.Password.Length == 0 ? Results.Redirect("/") : Html(
                c, ActionPages.Login(Frame(c), "", next ?? "/")));
        Post(app, "/login", LoginAsync);
        Post(app, "/logout", async (c, form) =>
        {
            if (form["everywhere"] == "1")
            {
                logins.Clear();
                LogAction("ended", "all logins", "");
            }

            await c.SignOutAsync();
            return Results.LocalRedirect("/login");
        });
    }

    private async Task<IResult> LoginAsync(HttpContext c, IFormCollection form)
    {
        var next = form["next"].ToString();
        var isRight = await limits.TryAsync(c, () => PasswordHash.Fits(parts.Options.Web.Password, form["password"].ToString()));
        if (isRight != true)
        {
            if (_refused.Count(out var count))
            {
                LogRefused(count, c.Connection.RemoteIpAddress);
            }

            return isRight is null
                ? Html(
                c,
                ActionPages.Login(Frame(c), "Too many attempts. Wait a minute, or log in from a browser that has logged in before.", next),
                StatusCodes.Status429TooManyRequests)
                : Html(c, ActionPages.Login(Frame(c), "The password is wrong.", next), StatusCodes.Status401Unauthorized);
        }

        limits.Remember(c);
        await Login.EnterAsync(c);
        LogLogin(c.Connection.RemoteIpAddress);
        return Results.LocalRedirect(
            next.StartsWith('/') && !next.StartsWith("//", StringComparison.Ordinal) && !next.Contains('\\') ? next : "/");
    }

    private IResult Explain(HttpContext c, FiledMessage message, ReadOnlyMemory<byte> octets)
    {
        var judged = new StoredJudge(parts.Options, parts.Proving, asksWhoTo: true)
            .Judge(new(octets), new(MailAddress.TryParse(message.Mailbox), null), time.GetUtcNow());
        return Html(c, MessagePages.One(Frame(c), message, octets, judged.Report, judged.Verdict, judged.Proofs));
    }

    private async Task<IResult?> ReleaseAsync(HttpContext c, IFormCollection form, string before)
    {
        string? run;
        try
        {
            run = await _filed.ReleaseAsync(
                form["mailbox"].ToString(), form["folder"].ToString(), form["id"].ToString(), c.RequestAborted);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogNotReleased(form["mailbox"].ToString(), error.Message);
            return Html(
                c,
                ActionPages.Note(
                    Frame(c), "Not given back",
                    $"{before}The message was not moved to INBOX of {form["mailbox"]}: {error.Message} Fix that, go back and give it "
                        + "back again.",
                    isBad: true),
                StatusCodes.Status503ServiceUnavailable);
        }

        if (run is null)
        {
            return before.Length == 0
                ? null
                : Html(
                    c, ActionPages.Note(Frame(c), "Not given back", before + "The message itself is not there any more.", isBad: true),
                    StatusCodes.Status404NotFound);
        }

        LogAction("released", form["mailbox"].ToString(), run);
        return Html(
            c,
            ActionPages.Note(
                Frame(c), "Given back",
                $"{before}The message is in INBOX of {form["mailbox"]}. To take that back: backstop undo {run} --state "
                + $"{Path.GetFullPath(parts.Options.Data)}",
                isBad: false));
    }

    // A message that a person confirms as sent goes into the journal, and its bounces are proved from now on. That comes
    // first: it may be repeated until the message is given back, but a message that was given back is not found again.
    private async Task<IResult> MineAsync(HttpContext c, IFormCollection form)
    {
        if (_filed.Find(form["mailbox"].ToString(), form["folder"].ToString(), form["id"].ToString()) is not var (message, octets))
        {
            return Missing(c);
        }

        var report = Backscatter.Bounces.BounceClassifier.Classify(octets, nullReversePath: true);
        var to = report.Recipients.Select(r => MailAddress.TryParse(r.Address)).OfType<MailAddress>().ToList();
        try
        {
            parts.Journal.Add([new SentMessage(MailAddress.TryParse(message.Mailbox)!, report.Returned.MessageId, to, time.GetUtcNow())]);
        }
        catch (StoreException error)
        {
            return Html(
                c, ActionPages.Note(Frame(c), "Not remembered", $"The journal cannot be written: {error.Message}", isBad: true),
                StatusCodes.Status503ServiceUnavailable);
        }

        LogAction("mine", message.Mailbox, report.Returned.MessageId ?? "");
        return await ReleaseAsync(c, form, "Remembered: bounces of that message are proved from now on. ") ?? Missing(c);
    }

    private IResult SetStrict(HttpContext c, IFormCollection form)
    {
        if (MailAddress.TryParse(form["address"].ToString()) is not { Domain.Length: > 0 } address)
        {
            return Html(
                c, ActionPages.Note(Frame(c), "Not set", $"{form["address"]} is not a mail address; write user@domain.", isBad: true),
                StatusCodes.Status400BadRequest);
        }

        var person = parts.Recipients.FindGuarded(address)?.Person ?? address.Key;
        if (NotSet(c, () => parts.Storms.Overrides.SetStrict(new(person, Until(form), Who(c)))) is { } trouble)
        {
            return trouble;
        }

        LogAction("strict", person, form["hours"].ToString());
        return Results.LocalRedirect("/actions");
    }

    private IResult SetBlocked(HttpContext c, IFormCollection form)
    {
        if (NotSet(c, () => parts.Storms.Overrides.SetBlocked(new(form["source"].ToString(), Until(form), Who(c)))) is { } trouble)
        {
            return trouble;
        }

        LogAction("block", form["source"].ToString(), form["hours"].ToString());
        return Results.LocalRedirect("/actions");
    }

    // Returns a page about the failure; null where the override was set.
    private IResult? NotSet(HttpContext c, Action set)
    {
        try
        {
            set();
            return null;
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            var status = error is FormatException ? StatusCodes.Status400BadRequest : StatusCodes.Status503ServiceUnavailable;
            return Html(c, ActionPages.Note(Frame(c), "Not set", error.Message, isBad: true), status);
        }
    }

    private DateTimeOffset Until(IFormCollection form) =>
        time.GetUtcNow().AddHours(
            int.TryParse(form["hours"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
                ? Math.Clamp(hours, 0, MaxHours)
                : 0);

    private static string Who(HttpContext c) => c.User.Identity?.Name ?? "local";

    // Storms that have not ended are newer in memory than on disk.
    private IReadOnlyList<StormRecord> AllStorms()
    {
        var active = parts.Storms.Watch.Active;
        var ids = active.Select(s => s.Id).ToHashSet(StringComparer.Ordinal);
        return [.. active.OrderByDescending(s => s.Started), .. parts.Storms.Store.Read().Where(s => !ids.Contains(s.Id))];
    }

    private StormRecord? Find(string id) => parts.Storms.Watch.Active.FirstOrDefault(s => s.Id == id) ?? parts.Storms.Store.Find(id);

    private Frame Frame(HttpContext c)
    {
        var tokens = antiforgery.GetAndStoreTokens(c);
        return new(
            parts.Options.Hostname, c.User.Identity?.IsAuthenticated == true,
            new Markup().Add($"<input type=\"hidden\" name=\"{tokens.FormFieldName}\" value=\"{tokens.RequestToken}\">"));
    }

    private void Post(
        WebApplication app, string path, Func<HttpContext, IFormCollection, Task<IResult>> handle) => app.MapPost(
            path, async (HttpContext c) =>
    {
        if (!await antiforgery.IsRequestValidAsync(c))
        {
            return Html(
                c, ActionPages.Note(Frame(c), "Not done", "The form has expired. Go back, reload the page and try again.", isBad: true),
                StatusCodes.Status400BadRequest);
        }

        return await handle(c, await c.Request.ReadFormAsync(c.RequestAborted));
    });

    private IResult Missing(HttpContext c) =>
        Html(
            c, ActionPages.Note(Frame(c), "Not found", "It does not exist, or does not exist any more.", isBad: true),
            StatusCodes.Status404NotFound);

    private static IResult Html(HttpContext c, Markup page, int code = StatusCodes.Status200OK)
    {
        c.Response.Headers.CacheControl = "no-store";
        return Results.Content(page.ToString(), "text/html; charset=utf-8", statusCode: code);
    }

    [LoggerMessage(8101, LogLevel.Information, "dashboard login from {Client} accepted")]
    private partial void LogLogin(System.Net.IPAddress? client);

    [LoggerMessage(8104, LogLevel.Error, "dashboard: a message of {Mailbox} could not be given back: {Error}")]
    private partial void LogNotReleased(string mailbox, string error);

    [LoggerMessage(8103, LogLevel.Warning, "dashboard: {Count} logins refused since the start, the last from {Client}")]
    private partial void LogRefused(long count, System.Net.IPAddress? client);

    [LoggerMessage(8102, LogLevel.Information, "dashboard: {What} {Subject} {Detail}")]
    private partial void LogAction(string what, string subject, string detail);
}
