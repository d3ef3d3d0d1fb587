using System.Net;
using Backstop.Judging;
using Backstop.Server.Guard;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Smtp;

/// <summary>
/// Admits a connection of Kestrel or refuses it, and runs its conversation. The outermost loop of a session.
/// </summary>
internal sealed partial class SmtpConnectionHandler(
    SmtpServices services, LocalPeers peers, BackstopMetrics metrics, ILogger<SmtpConnectionHandler> log)
{
    public async Task RunAsync(ConnectionContext connection, SmtpListener listener)
    {
        var clock = new SessionClock(connection, services.Time);
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (services.Sessions.Enter(clock) is { } closed)
        {
            metrics.Connected("limit");
            services.Pipeline.Refuse("connect", ServerReasons.ConnectionsLimit, new() { Address = address }, closed);
            await connection.Transport.Output.WriteAsync(closed.Bytes);
            return;
        }

        metrics.Connected("accepted");
        var client = new ClientIdentity
        {
            Address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address,
            IsLmtp = listener.IsLmtp,
            Peer = peers.Of(connection, (listener.IsLmtp ? "lmtp" : "smtp") + (listener.IsProxy ? "_proxy" : "")),
        };
        try
        {
            using var session = new SmtpSession(services, listener, client);
            await new SmtpConversation(services, connection, listener, session, clock).RunAsync();
        }
        catch (Exception error) when (
            error is IOException or OperationCanceledException or ConnectionAbortedException
                or System.Security.Authentication.AuthenticationException)
        {
            LogGone(address, error.Message);
        }
        catch (Exception error)
        {
            // A bug: this connection is dropped, the others continue.
            LogBug(error, address);
        }
        finally
        {
            services.Sessions.Leave(clock);
            if (client.UnknownRecipients > Refusals.MaxToldUnknown)
            {
                LogUnknown(client.Address, client.UnknownRecipients);
            }
        }
    }

    [LoggerMessage(1001, LogLevel.Debug, "Connection of {Client} ended: {Error}")]
    private partial void LogGone(IPAddress client, string error);

    [LoggerMessage(1003, LogLevel.Information, "refused client={Client} stage=rcpt code=550 reason=recipient:unknown count={Count} "
        + "in its session; the first 20 have lines of their own")]
    private partial void LogUnknown(IPAddress client, int count);

    [LoggerMessage(1002, LogLevel.Error, "Connection of {Client} dropped because of a bug")]
    private partial void LogBug(Exception error, IPAddress client);
}
