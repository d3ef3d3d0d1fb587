using System.IO.Pipelines;
using Backstop.Judging;
using Backstop.Protocols.Proxy;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Smtp;

/// <summary>Reads the PROXY header, with which a load balancer begins each connection and names the real client.</summary>
internal static class ProxyGreeting
{
    /// <summary>Whether the connection comes from a load balancer of <c>listen.proxy_from</c>.</summary>
    public static bool IsFrom(SmtpServices services, SmtpSession session) =>
        services.Options.Listen.ProxyFrom.Any(n => n.Contains(session.Client.Address));

    /// <summary>Reads the header; false where there is none in time, and the connection is to be closed.</summary>
    public static async Task<bool> ReadAsync(
        PipeReader input, SmtpServices services, SmtpSession session, SessionClock clock, Func<SmtpReply?> endReason)
    {
        clock.Within(services.Options.Smtp.ProxyTimeout);
        while (true)
        {
            var read = await input.ReadAsync();
            var rest = read.Buffer;
            var status = ProxyHeader.TryRead(ref rest, out var client);
            if (status == ProxyStatus.Complete)
            {
                clock.Pause();
                input.AdvanceTo(rest.Start);
                session.Client.Address = client?.Address ?? session.Client.Address;
                return true;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (status == ProxyStatus.Invalid || read.IsCompleted || (read.IsCanceled && endReason() is not null))
            {
                // As the PROXY protocol demands: a connection with anything but a header from a listed peer is dropped.
                services.Pipeline.Refuse("connect", ServerReasons.ProxyInvalid, session.Client, SmtpReplies.BadSyntax);
                return false;
            }
        }
    }
}
