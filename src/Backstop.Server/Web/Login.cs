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

/// <summary>
/// Decides who may see the dashboard: without a password, clients on loopback; with one, whoever knows it.
/// </summary>
internal static class Login
{
    private static readonly string[] _health = ["/healthz", "/readyz"];
    private static readonly string[] _open = ["/login", .. _health];
    private static readonly string[] _figures = ["/metrics", "/status"];

    // Fields that proxies add, in addition to all that begin with X-Forwarded-.
    private static readonly string[] _proxyFields =
    [
        "Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Original-Host", "X-Original-URL",
        "X-Original-Forwarded-For", "X-ProxyUser-Ip", "True-Client-IP", "CF-Connecting-IP",
        "CF-Ray", "Fastly-Client-IP", "Fly-Client-IP", "X-Azure-ClientIP", "X-Appengine-User-IP", "X-Envoy-External-Address", "X-Scheme",
    ];

    public static void AddServices(IServiceCollection services, BackstopOptions options, Func<IServiceProvider, string> password)
    {
        Folders.Make(DataPaths.WebKeys(options));
        services.AddDataProtection().PersistKeysToFileSystem(new(DataPaths.WebKeys(options))).SetApplicationName("Backstop");
        services.AddAntiforgery(a =>
        {
            a.Cookie.Name = "backstop-form";
            a.Cookie.SameSite = SameSiteMode.Strict;

            // The default would allow frames by our own pages, and our policy allows none.
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
        services.AddSingleton(s => new LoginLimits(
            s.GetRequiredService<IDataProtectionProvider>(), () => password(s), s.GetRequiredService<TimeProvider>()));
        services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
            .Configure<LoginSessions>((c, sessions) => c.SessionStore = sessions);
    }

    /// <summary>Adds the check before any page.</summary>
    public static void Guard(WebApplication app, Func<BackstopOptions> options)
    {
        app.UseAuthentication();
        app.Use((context, next) => Admit(context, options()) switch
        {
            Admission.Yes => next(context),
            Admission.Login => context.ChallengeAsync(),
            _ => Refuse(context),
        });
    }

    /// <summary>Opens a session after the password was given.</summary>
    public static Task EnterAsync(HttpContext context) =>
        context.SignInAsync(
            new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "operator")], CookieAuthenticationDefaults.AuthenticationScheme)));

    /// <summary>Whether the browser's connection is encrypted, to us or to a proxy before us.</summary>
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

        // A proxy on this host makes strangers appear on loopback.
        var isDirect = isLocal && !IsForwarded(context.Request);
        if (options.Web.Password.Length == 0)
        {
            return isDirect || (isLocal && Array.Exists(_health, p => context.Request.Path == p)) ? Admission.Yes : Admission.No;
        }

        // Programs on this host read metrics without a session. A page of an attacker would use another host name.
        var path = context.Request.Path;
        var isProgram = isDirect && IsKnownName(context.Request.Host.Host, options) && Array.Exists(_figures, p => path == p);
        return context.User.Identity?.IsAuthenticated == true || path.StartsWithSegments("/assets", StringComparison.Ordinal)
            || Array.Exists(_open, p => path == p) || isProgram
            ? Admission.Yes
            : Admission.Login;
    }

    // nginx adds no field by default, but uses HTTP/1.0.
    private static bool IsForwarded(HttpRequest request) =>
        HttpProtocol.IsHttp10(request.Protocol) || Array.Exists(_proxyFields, request.Headers.ContainsKey)
        || request.Headers.Keys.Any(k => k.StartsWith("X-Forwarded", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether a host name is ours. A page of an attacker may lead a browser to us under its own name (DNS rebinding).
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
