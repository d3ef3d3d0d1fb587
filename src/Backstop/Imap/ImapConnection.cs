using System.Net;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace Backstop.Imap;

/// <summary>Connects to an IMAP server and logs in.</summary>
internal static class ImapConnection
{
    private static readonly TimeSpan _timeLimit = TimeSpan.FromMinutes(2);

    /// <summary>Connects and logs in.</summary>
    /// <param name="address">Where.</param>
    /// <param name="caFile">A PEM file with the certificates to trust beside the system's, or null.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<ImapClient> OpenAsync(ImapAddress address, string? caFile, CancellationToken ct)
    {
        var secret = await ImapSecret.OfAsync(address, ct);
        var client = new ImapClient { Timeout = (int)_timeLimit.TotalMilliseconds };
        try
        {
            if (caFile is not null)
            {
                Trust(client, caFile);
            }

            await client.ConnectAsync(address.Host, address.Port, Security(address), ct);
            await LogInAsync(client, address, secret, ct);
            return client;
        }
        catch (Exception error)
        {
            client.Dispose();
            throw Translate(error, address);
        }
    }

    /// <summary>What a failure of the connection means for the person at the terminal. Of a login only the kind is told: a server may repeat what we sent.</summary>
    /// <param name="error">What MailKit threw.</param>
    /// <param name="address">Where.</param>
    public static Exception Translate(Exception error, ImapAddress address) => error switch
    {
        AuthenticationException => new CommandException(ExitCode.Unavailable, $"{address}: the server refused the login of {address.User}"),
        SslHandshakeException => new CommandException(ExitCode.Unavailable, $"{address}: its certificate is not trusted; --ca FILE names one to trust"),
        FolderNotFoundException missing => new CommandException(ExitCode.NoInput, $"{address}: no folder {missing.FolderName}"),
        System.Net.Sockets.SocketException or ImapProtocolException or ImapCommandException or ServiceNotConnectedException or TimeoutException or NotSupportedException
            or IOException { InnerException: System.Net.Sockets.SocketException } => new CommandException(ExitCode.Unavailable, $"{address}: {error.Message}"),
        _ => error,
    };

    /// <summary>Whether the server or the way to it failed, not we.</summary>
    /// <param name="error">What was thrown.</param>
    public static bool IsOfServer(Exception error) =>
        error is MailKit.ProtocolException or MailKit.CommandException or ServiceNotConnectedException or TimeoutException or System.Net.Sockets.SocketException
            or FolderNotFoundException or IOException { InnerException: System.Net.Sockets.SocketException };

    private static SecureSocketOptions Security(ImapAddress address) =>
        address.IsTls ? SecureSocketOptions.SslOnConnect
        : IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip) ? SecureSocketOptions.StartTlsWhenAvailable
        : SecureSocketOptions.StartTls;

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

    private static void Trust(ImapClient client, string caFile)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(caFile);
        if (roots.Count == 0)
        {
            throw new CommandException(ExitCode.BadInput, $"{caFile}: no certificate in it (PEM)");
        }

        client.ServerCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            if (errors == System.Net.Security.SslPolicyErrors.None)
            {
                return true;
            }

            if (certificate is not X509Certificate2 server || chain is null || errors.HasFlag(System.Net.Security.SslPolicyErrors.RemoteCertificateNameMismatch))
            {
                return false;
            }

            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(roots);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(server);
        };
    }
}
