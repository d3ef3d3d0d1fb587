using MailKit.Net.Imap;
using MailKit.Security;

namespace Backstop.Clean.Imap;

/// <summary>Opens connections to an IMAP server.</summary>
internal static class ImapConnection
{
    private static readonly ImapLimits _limits = new();

    /// <summary>Connects and logs in.</summary>
    /// <param name="address">The server and the user.</param>
    /// <param name="access">The password, and the certificates to trust.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="ImapFault">The server cannot be reached, refuses the login, or does not speak IMAP.</exception>
    public static async Task<ImapDoor> OpenAsync(ImapAddress address, ImapAccess access, TimeProvider time, CancellationToken ct)
    {
        var secret = await access.Secrets.OfAsync(address, ct);
        var stream = new ImapCheckedStream(await SocketAsync(address, access, time, ct), address, _limits, time);
        var client = new ImapClient();
        var door = new ImapDoor(client, stream, address);
        try
        {
            await door.AskAsync(c => c.ConnectAsync(stream, address.Host, address.Port, SecureSocketOptions.None, ct), ct);
            await door.AskAsync(c => LogInAsync(c, address, secret, ct), ct);
            return door;
        }
        catch
        {
            door.Dispose();
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task<Stream> SocketAsync(ImapAddress address, ImapAccess access, TimeProvider time, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(_limits.Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            return await new ImapSocket(address, access.CaFile).OpenAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ImapFault(
                CleanFailure.Unavailable,
                $"{address}: the server did not answer within {_limits.Silence.TotalSeconds:0} seconds; try again later");
        }
    }

    private static Task LogInAsync(ImapClient client, ImapAddress address, ImapSecret secret, CancellationToken ct)
    {
        if (!secret.IsToken)
        {
            return client.AuthenticateAsync(address.User, secret.Text, ct);
        }

        SaslMechanism mechanism = client.AuthenticationMechanisms.Contains("OAUTHBEARER")
            ? new SaslMechanismOAuthBearer(address.User, secret.Text)
            : new SaslMechanismOAuth2(address.User, secret.Text);
        return client.AuthenticateAsync(mechanism, ct);
    }
}
