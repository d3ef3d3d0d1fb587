using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Backstop.Clean.Imap;

/// <summary>
/// Connects and encrypts, from the first octet or by STARTTLS (RFC 3501 §6.2.1), before MailKit takes over: the check
/// must see the decrypted octets.
/// </summary>
/// <param name="address">The server.</param>
/// <param name="caFile">A PEM file of certificates to trust in addition to the system's; null for none.</param>
internal sealed class ImapSocket(ImapAddress address, string? caFile)
{
    private const int MaxLine = 8 << 10;
    private const int MaxLines = 50;

    private bool _isRefused;

    // A connection to the same host cannot be read by others on the network.
    private bool MayBePlain => IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip);

    /// <summary>Opens a connection and reads the server's greeting.</summary>
    /// <param name="ct">Stops the work; also used for the time limit.</param>
    /// <exception cref="ImapFault">The server cannot be reached, or its certificate is not trusted.</exception>
    public async Task<Stream> OpenAsync(CancellationToken ct)
    {
        var roots = caFile is null ? null : Roots(caFile);
        Stream stream = await ConnectAsync(ct);
        try
        {
            if (address.IsTls)
            {
                stream = await EncryptAsync(stream, roots, ct);
                await GreetingAsync(stream, ct);
                return stream;
            }

            await GreetingAsync(stream, ct);
            return await StartTlsAsync(stream, roots, ct);
        }
        catch (Exception error)
        {
            await stream.DisposeAsync();
            throw error is IOException or SocketException ? Fault(CleanFailure.Unavailable, error.Message) : error;
        }
    }

    private async Task<NetworkStream> ConnectAsync(CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, ct);
            return new(socket, ownsSocket: true);
        }
        catch (Exception error)
        {
            socket.Dispose();
            throw error is SocketException ? Fault(CleanFailure.Unavailable, error.Message) : error;
        }
    }

    private async Task<Stream> StartTlsAsync(Stream stream, X509Certificate2Collection? roots, CancellationToken ct)
    {
        if (!(await AskAsync(stream, "CAPABILITY", ct)).Any(l => l.Contains("STARTTLS", StringComparison.OrdinalIgnoreCase)))
        {
            return MayBePlain
                ? stream
                : throw Fault(
                    CleanFailure.Unavailable, "the server offers no STARTTLS, and the password is not sent unencrypted; use imaps://");
        }

        return (await AskAsync(stream, "STARTTLS", ct))[^1].StartsWith("A OK", StringComparison.OrdinalIgnoreCase)
            ? await EncryptAsync(stream, roots, ct)
            : throw Fault(CleanFailure.Unavailable, "the server refused STARTTLS");
    }

    private async Task GreetingAsync(Stream stream, CancellationToken ct)
    {
        var greeting = await LineAsync(stream, ct);
        if (!greeting.StartsWith("* OK", StringComparison.OrdinalIgnoreCase))
        {
            // PREAUTH is refused too: an attacker could have begun that session.
            throw greeting.StartsWith("* BYE", StringComparison.OrdinalIgnoreCase)
                ? Fault(CleanFailure.Unavailable, "the server refuses connections now; try again later")
                : Fault(CleanFailure.Protocol, "its greeting is not that of an IMAP server");
        }
    }

    private async Task<IReadOnlyList<string>> AskAsync(Stream stream, string command, CancellationToken ct)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"A {command}\r\n"), ct);
        var lines = new List<string>();
        while (lines.Count < MaxLines)
        {
            lines.Add(await LineAsync(stream, ct));
            if (lines[^1].StartsWith("A ", StringComparison.Ordinal))
            {
                return lines;
            }
        }

        throw Fault(CleanFailure.Protocol, $"the server sent more than {MaxLines} lines before encryption");
    }

    // Octet by octet: what follows the answer to STARTTLS must stay in the stream, or an attacker could insert text
    // before encryption.
    private async Task<string> LineAsync(Stream stream, CancellationToken ct)
    {
        var line = new byte[MaxLine];
        for (var length = 0; length < MaxLine; length++)
        {
            if (await stream.ReadAsync(line.AsMemory(length, 1), ct) == 0)
            {
                throw Fault(CleanFailure.Unavailable, "the server closed the connection");
            }

            if (line[length] == (byte)'\n')
            {
                return Encoding.ASCII.GetString(line, 0, length).TrimEnd('\r');
            }
        }

        throw Fault(CleanFailure.Protocol, $"a line is longer than {MaxLine} octets");
    }

    private async Task<Stream> EncryptAsync(Stream stream, X509Certificate2Collection? roots, CancellationToken ct)
    {
        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = address.Host,
                    CertificateRevocationCheckMode = X509RevocationMode.Online,
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                        !(_isRefused = !IsTrusted(certificate, chain, errors, roots)),
                },
                ct);
            return tls;
        }
        catch (Exception error)
        {
            await tls.DisposeAsync();
            throw _isRefused ? Fault(CleanFailure.Unavailable, "its certificate is not trusted; to trust it, name its CA with --ca FILE")
                : error is System.Security.Authentication.AuthenticationException ? Fault(CleanFailure.Unavailable, error.Message)
                : error;
        }
    }

    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection? roots)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (roots is null || certificate is not X509Certificate2 server || chain is null
            || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return false;
        }

        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(server);
    }

    private static X509Certificate2Collection Roots(string caFile)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(caFile);
        return roots.Count > 0
            ? roots
            : throw new CleanException(CleanFailure.BadInput, $"{caFile}: no certificate found; name a PEM file");
    }

    private ImapFault Fault(CleanFailure failure, string message) => new(failure, $"{address}: {message}");
}
