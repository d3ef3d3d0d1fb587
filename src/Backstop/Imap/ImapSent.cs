using System.Net;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using MailKit.Security;
using Spectre.Console;

namespace Backstop.Imap;

/// <summary>Reads the headers of a Sent folder over IMAP. Never changes anything: the folder is opened read-only and peeked at.</summary>
internal sealed class ImapSent : IDisposable
{
    /// <summary>The password, or a password for this program alone.</summary>
    public const string PasswordVariable = "BACKSTOP_IMAP_PASSWORD";

    /// <summary>An OAuth 2 access token (RFC 7628, or XOAUTH2).</summary>
    public const string TokenVariable = "BACKSTOP_IMAP_TOKEN";

    private const int Batch = 500;

    private static readonly TimeSpan _timeLimit = TimeSpan.FromMinutes(2);
    private static readonly string[] _names = ["Sent", "Sent Items", "Sent Messages", "Sent Mail", "Gesendet", "Gesendete Elemente", "Envoyés", "Éléments envoyés", "Enviados", "Posta inviata", "Verzonden"];

    private readonly ImapClient _client;
    private readonly IMailFolder _folder;

    private ImapSent(ImapClient client, IMailFolder folder)
    {
        _client = client;
        _folder = folder;
    }

    /// <summary>The folder's name on the server.</summary>
    public string FolderName => _folder.FullName;

    /// <summary>Connects, logs in and opens the folder.</summary>
    /// <param name="address">Where.</param>
    /// <param name="caFile">A PEM file with the certificates to trust beside the system's, or null.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<ImapSent> OpenAsync(ImapAddress address, string? caFile, CancellationToken ct)
    {
        var secret = await SecretAsync(address, ct);
        var client = new ImapClient { Timeout = (int)_timeLimit.TotalMilliseconds };
        try
        {
            if (caFile is not null)
            {
                Trust(client, caFile);
            }

            await client.ConnectAsync(address.Host, address.Port, Security(address), ct);
            await LogInAsync(client, address, secret, ct);
            var folder = await FindAsync(client, address.Folder, ct);
            await folder.OpenAsync(FolderAccess.ReadOnly, ct);
            return new(client, folder);
        }
        catch (Exception error)
        {
            client.Dispose();
            throw Translate(error, address);
        }
    }

    /// <summary>The headers of what came since a mark, in batches; each batch with the mark behind it.</summary>
    /// <param name="mark">What an earlier run gave, or null for all.</param>
    /// <param name="ct">Ends it.</param>
    public async IAsyncEnumerable<(IReadOnlyList<byte[]> Headers, string Mark)> ReadAsync(string? mark, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        // RFC 3501 §2.3.1.1: another UIDVALIDITY, and all numbers mean something else.
        var validity = _folder.UidValidity;
        var last = mark?.Split(' ') is [var v, var u] && v == $"{validity}" && uint.TryParse(u, out var seen) ? seen : 0;
        var all = new UniqueIdRange(validity, Math.Min(last, uint.MaxValue - 1) + 1, uint.MaxValue);
        var ids = (await _folder.SearchAsync(SearchQuery.Uids(all), ct)).Where(i => i.Id > last).OrderBy(i => i.Id).ToList();
        var request = new FetchRequest(MessageSummaryItems.UniqueId, ["Message-ID", "From", "To", "Cc", "Bcc", "Date"]);
        foreach (var batch in ids.Chunk(Batch))
        {
            var headers = new List<byte[]>();
            foreach (var summary in await _folder.FetchAsync(batch, request, ct))
            {
                using var header = new MemoryStream();
                await summary.Headers!.WriteToAsync(header, ct);
                headers.Add(header.ToArray());
            }

            yield return (headers, $"{validity} {batch[^1].Id}");
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
        System.Net.Sockets.SocketException or ImapProtocolException or ImapCommandException or ServiceNotConnectedException or TimeoutException or NotSupportedException => new CommandException(ExitCode.Unavailable, $"{address}: {error.Message}"),
        _ => error,
    };

    public void Dispose() => _client.Dispose();

    private static SecureSocketOptions Security(ImapAddress address) =>
        address.IsTls ? SecureSocketOptions.SslOnConnect
        : IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip) ? SecureSocketOptions.StartTlsWhenAvailable
        : SecureSocketOptions.StartTls;

    // Before anything is connected: what is missing is said at once.
    private static async Task<(string Text, bool IsToken)> SecretAsync(ImapAddress address, CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token)
        {
            return (token, true);
        }

        var password = Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } given ? given
            : Console.IsInputRedirected ? throw new CommandException(ExitCode.Usage, $"{address}: no password: set {PasswordVariable} or {TokenVariable}")
            : await new TextPrompt<string>($"Password of {Markup.Escape(address.User)} at {address.Host}:").Secret().ShowAsync(AnsiConsole.Console, ct);
        return (password, false);
    }

    private static Task LogInAsync(ImapClient client, ImapAddress address, (string Text, bool IsToken) secret, CancellationToken ct)
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

    // RFC 6154: the server says which folder it is; else by the names that clients give it.
    private static async Task<IMailFolder> FindAsync(ImapClient client, string name, CancellationToken ct)
    {
        if (name.Length > 0)
        {
            return await client.GetFolderAsync(name, ct);
        }

        if (client.Capabilities.HasFlag(ImapCapabilities.SpecialUse) && client.GetFolder(SpecialFolder.Sent) is { } special)
        {
            return special;
        }

        var folders = new List<IMailFolder>();
        foreach (var space in client.PersonalNamespaces)
        {
            folders.AddRange(await client.GetFoldersAsync(space, cancellationToken: ct));
        }

        return folders.FirstOrDefault(f => _names.Contains(f.Name, StringComparer.OrdinalIgnoreCase))
            ?? throw new CommandException(ExitCode.NoInput, $"no Sent folder found; name it: imaps://user@host/FOLDER. There are: {string.Join(", ", folders.Select(f => f.FullName).Take(20))}");
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
