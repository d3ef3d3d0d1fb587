using System.Net;
using Backstop.Judging;
using Backstop.MailAuth;

namespace Backstop.Server.Net;

/// <summary>
/// Finds the confirmed DNS names of clients. The lookup begins with the first accepted recipient and runs while the message arrives.
/// Mail waits for it only a short time, and not at all while the resolver gives no answers.
/// </summary>
/// <param name="lookup">Looks an address up: the name; null where it has none; empty where there is no answer.</param>
/// <param name="limit">How long one lookup takes at most.</param>
/// <param name="time">The clock.</param>
internal sealed class ClientNames(Func<IPAddress, CancellationToken, Task<string?>> lookup, TimeSpan limit, TimeProvider time)
{
    private const int FailuresBeforeRest = 3;

    private static readonly TimeSpan _rest = TimeSpan.FromSeconds(30);

    private readonly Breaker _breaker = new(FailuresBeforeRest, _rest, time);

    /// <summary>Returns the lookup of the client's present address; begins it where none has begun.</summary>
    public Task<string?> Of(ClientIdentity client) => client.Named(FindAsync);

    private async Task<string?> FindAsync(IPAddress address)
    {
        if (!_breaker.MayAsk())
        {
            return "";
        }

        using var end = new CancellationTokenSource(limit, time);
        var name = "";
        try
        {
            name = await lookup(address, end.Token);
        }
        catch (OperationCanceledException)
        {
            // Out of time: no answer.
        }

        if (name is "")
        {
            _breaker.Failed();
        }
        else
        {
            _breaker.Succeeded();
        }

        return name;
    }
}
