using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.WebUtilities;

namespace Backstop.Server.Web;

/// <summary>
/// The valid logins. A cookie names one of them and contains nothing else, so that a copied cookie ends with its login.
/// </summary>
/// <remarks>Kept in memory: a restart ends all logins, and so does a reload with another password.</remarks>
internal sealed class LoginSessions : ITicketStore, IDisposable
{
    // Each login needed the password. Above this number the oldest ends.
    private const int MaxSessions = 1000;
    private const int KeyLength = 32;

    private readonly ConcurrentDictionary<string, (long Number, AuthenticationTicket Ticket)> _open = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private CancellationTokenSource _ended = new();
    private long _count;

    /// <summary>Cancelled when any login ends, so that long-lived responses check their login again.</summary>
    public CancellationToken Ended
    {
        get
        {
            lock (_gate)
            {
                return _ended.Token;
            }
        }
    }

    public Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        var key = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(KeyLength));
        _open[key] = (Interlocked.Increment(ref _count), ticket);
        while (_open.Count > MaxSessions)
        {
            _open.TryRemove(_open.MinBy(s => s.Value.Number).Key, out _);
        }

        return Task.FromResult(key);
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        // A login that was ended meanwhile is not renewed.
        if (_open.TryGetValue(key, out var old))
        {
            _open.TryUpdate(key, (old.Number, ticket), old);
        }

        return Task.CompletedTask;
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) =>
        Task.FromResult(_open.TryGetValue(key, out var found) ? found.Ticket : null);

    public Task RemoveAsync(string key)
    {
        _open.TryRemove(key, out _);
        Tell();
        return Task.CompletedTask;
    }

    /// <summary>Ends all logins.</summary>
    public void Clear()
    {
        _open.Clear();
        Tell();
    }

    public void Dispose() => _ended.Dispose();

    private void Tell()
    {
        CancellationTokenSource old;
        lock (_gate)
        {
            (old, _ended) = (_ended, new());
        }

        // Not disposed of, because its token may be in use.
        old.Cancel();
    }
}
