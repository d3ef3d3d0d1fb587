using System.Net;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Backstop.Server.Options;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Server.Web;

/// <summary>Who may look: everybody on loopback where there is no password, whoever knows it where there is one.</summary>
internal static class Login
{
    /// <summary>The name of the limit on tries.</summary>
    public const string Limit = "login";

    private const int TriesAMinute = 5;
    private const int TriesAMinuteOfAll = 60;

    private static readonly string[] _open = ["/login", "/healthz", "/readyz"];
    private static readonly string[] _figures = ["/metrics", "/status"];

    public static void AddServices(IServiceCollection services, BackstopOptions options)
    {
        DataFolder.Make(DataPaths.WebKeys(options));
        services.AddDataProtection().PersistKeysToFileSystem(new(DataPaths.WebKeys(options))).SetApplicationName("Backstop");
        services.AddAntiforgery(a =>
        {
            a.Cookie.Name = "backstop-form";
            a.Cookie.SameSite = SameSiteMode.Strict;
        });
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(c =>
        {
            c.Cookie.Name = "backstop";
            c.Cookie.HttpOnly = true;
            c.Cookie.SameSite = SameSiteMode.Strict;
            c.ExpireTimeSpan = options.Web.LoginFor;
            c.SlidingExpiration = true;
            c.LoginPath = "/login";
            c.ReturnUrlParameter = "next";
        });
        services.AddRateLimiter(l =>
        {
            l.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            l.AddPolicy(Limit, context => RateLimitPartition.GetFixedWindowLimiter(
                context.Connection.RemoteIpAddress ?? IPAddress.None, _ => new() { PermitLimit = TriesAMinute, Window = TimeSpan.FromMinutes(1) }));
            l.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => context.Request.Path == "/login" && HttpMethods.IsPost(context.Request.Method)
                ? RateLimitPartition.GetFixedWindowLimiter("all", _ => new() { PermitLimit = TriesAMinuteOfAll, Window = TimeSpan.FromMinutes(1) })
                : RateLimitPartition.GetNoLimiter("none"));
        });
    }

    /// <summary>Lets in or not, before any page is asked.</summary>
    public static void Guard(WebApplication app, BackstopOptions options)
    {
        app.UseRateLimiter();
        app.UseAuthentication();
        app.Use((context, next) => Admit(context, options) switch
        {
            Admission.Yes => next(context),
            Admission.Login => context.ChallengeAsync(),
            _ => Refuse(context),
        });
    }

    /// <summary>Checks a password and opens the session.</summary>
    /// <returns>Whether it was right.</returns>
    public static async Task<bool> TryAsync(HttpContext context, BackstopOptions options, string password)
    {
        if (!PasswordHash.Fits(options.Web.Password, password))
        {
            return false;
        }

        await context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "operator")], CookieAuthenticationDefaults.AuthenticationScheme)));
        return true;
    }

    private static Admission Admit(HttpContext context, BackstopOptions options)
    {
        var isLocal = context.Connection.RemoteIpAddress is null || IPAddress.IsLoopback(context.Connection.RemoteIpAddress);
        if (!IsOurName(context.Request.Host.Host, options))
        {
            return Admission.No;
        }

        if (options.Web.Password.Length == 0)
        {
            return isLocal ? Admission.Yes : Admission.No;
        }

        // Programs on this host that ask for figures have no session; a proxy in front says that it is one.
        var path = context.Request.Path;
        var isDirect = isLocal && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");
        return context.User.Identity?.IsAuthenticated == true || path.StartsWithSegments("/assets", StringComparison.Ordinal) || Array.Exists(_open, p => path == p) || (isDirect && Array.Exists(_figures, p => path == p))
            ? Admission.Yes
            : Admission.Login;
    }

    /// <summary>Whether a host's name is one we go by: a page of a stranger's may lead a browser to us under a name of its own (DNS rebinding).</summary>
    public static bool IsOurName(string host, BackstopOptions options) =>
        IPAddress.TryParse(host, out _) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || options.Web.Hosts.Contains(host, StringComparer.OrdinalIgnoreCase)
        || (options.Web.Password.Length > 0 && options.Web.Hosts.Count == 0);

    private static Task Refuse(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("Only from this host: set web.password to let others in, or web.hosts for this name.\n");
    }

    private enum Admission
    {
        Yes,
        Login,
        No,
    }
}
