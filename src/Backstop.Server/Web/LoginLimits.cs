using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Backstop.Server.Web;

/// <summary>
/// Makes guessing slow without locking out the owner. A browser that has logged in before has its own attempts,
/// whatever strangers do. Every other address has some attempts a minute, and those of all strangers are checked one
/// after the other.
/// </summary>
internal sealed class LoginLimits : IDisposable
{
    private const string Cookie = "backstop-known";
    private const int TriesAMinute = 5;
    private const int MaxWaiting = 50;
    private const int MaxCookie = 1000;
    private const int Prefix = 8;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _knownFor = TimeSpan.FromDays(365);

    private readonly IDataProtector _protector;
    private readonly Func<string> _password;
    private readonly TimeProvider _time;
    private readonly PartitionedRateLimiter<string> _tries = PartitionedRateLimiter.Create<string, string>(
        who => RateLimitPartition.GetFixedWindowLimiter(who, _ => new() { PermitLimit = TriesAMinute, Window = TimeSpan.FromMinutes(1) }),
        StringComparer.Ordinal);
    private readonly SemaphoreSlim _line = new(1);
    private int _waiting;

    public LoginLimits(IDataProtectionProvider protection, Func<string> password, TimeProvider time)
    {
        _protector = protection.CreateProtector("Backstop.KnownBrowser");
        _time = time;

        // A browser is remembered as long as the password stays the same.
        _password = () => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(password())))[..16];
    }

    /// <summary>Checks a password, unless there were too many attempts.</summary>
    /// <param name="context">The request.</param>
    /// <param name="check">The check, which is slow on purpose.</param>
    /// <returns>Whether the password is right; null where it was not checked.</returns>
    public async Task<bool?> TryAsync(HttpContext context, Func<bool> check)
    {
        var known = KnownBrowser(context);
        using var lease = _tries.AttemptAcquire(known ?? Network(context));
        if (!lease.IsAcquired)
        {
            return null;
        }

        return known is not null ? check() : await InLineAsync(check, context.RequestAborted);
    }

    /// <summary>Remembers a browser that gave the right password.</summary>
    public void Remember(HttpContext context) => context.Response.Cookies.Append(
        Cookie,
        _protector.Protect($"{_password()} {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Prefix))}"),
        new()
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = Login.IsSecure(context),
            Path = "/login",
            Expires = _time.GetUtcNow() + _knownFor,
        });

    public void Dispose()
    {
        _tries.Dispose();
        _line.Dispose();
    }

    private async Task<bool?> InLineAsync(Func<bool> check, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(_patience, _time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            if (Interlocked.Increment(ref _waiting) > MaxWaiting)
            {
                return null;
            }

            await _line.WaitAsync(ends.Token);
            try
            {
                return check();
            }
            finally
            {
                _line.Release();
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private string? KnownBrowser(HttpContext context)
    {
        try
        {
            var known = context.Request.Cookies[Cookie] is { Length: > 0 and < MaxCookie } cookie ? _protector.Unprotect(cookie) : "";
            return known.StartsWith(_password() + " ", StringComparison.Ordinal) ? known : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // An owner of one IPv6 address has a whole network of them. Behind a proxy all requests come from its address, so
    // the last address that the proxy added is used.
    private static string Network(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var last = context.Request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim();
        if (IPAddress.IsLoopback(address) && IPAddress.TryParse(last, out var told))
        {
            address = told;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily == AddressFamily.InterNetworkV6 && !IPAddress.IsLoopback(address)
            ? Convert.ToHexStringLower(address.GetAddressBytes()[..Prefix])
            : address.ToString();
    }
}
