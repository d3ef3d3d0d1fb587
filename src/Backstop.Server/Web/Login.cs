using System.Net;
using System.Security.Claims;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Posix;
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
    private static readonly string[] _health = ["/healthz", "/readyz"];
    private static readonly string[] _open = ["/login", .. _health];
    private static readonly string[] _figures = ["/metrics", "/status"];

    // What proxies say, each in its own words; besides all that begins with X-Forwarded-.
    private static readonly string[] _proxyFields =
    [
        "Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Original-Host", "X-Original-URL", "X-Original-Forwarded-For", "X-ProxyUser-Ip", "True-Client-IP", "CF-Connecting-IP",
        "CF-Ray", "Fastly-Client-IP", "Fly-Client-IP", "X-Azure-ClientIP", "X-Appengine-User-IP", "X-Envoy-External-Address", "X-Scheme",
    ];

    public static void AddServices(IServiceCollection services, BackstopOptions options)
    {
        Folders.Make(DataPaths.WebKeys(options));
        services.AddDataProtection().PersistKeysToFileSystem(new(DataPaths.WebKeys(options))).SetApplicationName("Backstop");
        services.AddAntiforgery(a =>
        {
            a.Cookie.Name = "backstop-form";
            a.Cookie.SameSite = SameSiteMode.Strict;

            // It would allow frames of our own, and the policy allows none.
            a.SuppressXFrameOptionsHeader = true;
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
            c.Events.OnSigningIn = signing =>
            {
                signing.CookieOptions.Secure |= IsSecure(signing.HttpContext);
                return Task.CompletedTask;
            };
        });
        services.AddSingleton<LoginSessions>();
        services.AddSingleton<LoginLimits>();
        services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
            .Configure<LoginSessions>((c, sessions) => c.SessionStore = sessions);
    }

    /// <summary>Lets in or not, before any page is asked.</summary>
    public static void Guard(WebApplication app, BackstopOptions options)
    {
        app.UseAuthentication();
        app.Use((context, next) => Admit(context, options) switch
        {
            Admission.Yes => next(context),
            Admission.Login => context.ChallengeAsync(),
            _ => Refuse(context),
        });
    }

    /// <summary>Opens a session for whoever knew the password.</summary>
    public static Task EnterAsync(HttpContext context) =>
        context.SignInAsync(
            new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "operator")], CookieAuthenticationDefaults.AuthenticationScheme)));

    /// <summary>Whether the browser came over TLS, to us or to a proxy before us.</summary>
    public static bool IsSecure(HttpContext context) =>
        context.Request.IsHttps
            || context.Request.Headers["X-Forwarded-Proto"].ToString().Equals("https", StringComparison.OrdinalIgnoreCase);

    private static Admission Admit(HttpContext context, BackstopOptions options)
    {
        var isLocal = context.Connection.RemoteIpAddress is null || IPAddress.IsLoopback(context.Connection.RemoteIpAddress);
        if (!IsOurName(context.Request.Host.Host, options))
        {
            return Admission.No;
        }

        // A proxy on this host brings strangers to loopback.
        var isDirect = isLocal && !IsForwarded(context.Request);
        if (options.Web.Password.Length == 0)
        {
            return isDirect || (isLocal && Array.Exists(_health, p => context.Request.Path == p)) ? Admission.Yes : Admission.No;
        }

        // Programs on this host that ask for figures have no session. A page of a stranger's has a name of its own.
        var path = context.Request.Path;
        var isProgram = isDirect && IsKnownName(context.Request.Host.Host, options) && Array.Exists(_figures, p => path == p);
        return context.User.Identity?.IsAuthenticated == true || path.StartsWithSegments("/assets", StringComparison.Ordinal)
            || Array.Exists(_open, p => path == p) || isProgram
            ? Admission.Yes
            : Admission.Login;
    }

    // nginx says nothing by itself, but speaks HTTP/1.0.
    private static bool IsForwarded(HttpRequest request) =>
        HttpProtocol.IsHttp10(request.Protocol) || Array.Exists(_proxyFields, request.Headers.ContainsKey)
        || request.Headers.Keys.Any(k => k.StartsWith("X-Forwarded", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether a host's name is one we go by: a page of a stranger's may lead a browser to us under a name of its own (DNS
    /// rebinding).
    /// </summary>
    public static bool IsOurName(string host, BackstopOptions options) =>
        IsKnownName(host, options) || (options.Web.Password.Length > 0 && options.Web.Hosts.Count == 0);

    private static bool IsKnownName(string host, BackstopOptions options) =>
        IPAddress.TryParse(host, out _) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || options.Web.Hosts.Contains(host, StringComparer.OrdinalIgnoreCase);

    private static Task Refuse(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync(
            "Only from this host, and not through a proxy: set web.password to let others in, or web.hosts for this name.\n");
    }

    private enum Admission
    {
        Yes,
        Login,
        No,
    }
}
