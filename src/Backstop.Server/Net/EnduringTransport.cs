using System.Net;
using System.Net.Sockets;
using Backstop.Configuration.Options;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Backstop.Server.Net;

/// <summary>
/// Makes Kestrel's listeners. Those for mail share one limit of connections, the others have another, so that a flood
/// of mail never locks out the owner.
/// </summary>
internal sealed class EnduringTransport(
    BackstopOptions options, Descriptors descriptors, HandedSockets handed, IOptions<SocketTransportOptions> transport,
    TimeProvider time, ILoggerFactory logs) : IConnectionListenerFactory, IDisposable
{
    // Connections above the limit are accepted in order to be refused with a reply.
    private const int Refused = 16;

    private readonly List<EnduringListener> _listeners = [];
    private readonly ConnectionRoom _mail = new(Math.Max(1, descriptors.Mail + descriptors.Guard) + Refused);
    private readonly ConnectionRoom _web = new(descriptors.Web);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var settings = transport.Value;
        var connections = new SocketConnectionContextFactory(
            new()
            {
                IOQueueCount = settings.IOQueueCount,
                MaxReadBufferSize = settings.MaxReadBufferSize,
                MaxWriteBufferSize = settings.MaxWriteBufferSize,
                UnsafePreferInlineScheduling = settings.UnsafePreferInlineScheduling,
                WaitForDataBeforeAllocatingBuffer = settings.WaitForDataBeforeAllocatingBuffer,
            },
            logs.CreateLogger<EnduringTransport>());
        var room = IsMail(endpoint) ? _mail : _web;
        var listener = new EnduringListener(
            endpoint, handed.Take(endpoint), Protect, room, settings, connections, time, logs.CreateLogger<EnduringListener>());
        _listeners.Add(listener);
        return new(listener);
    }

    /// <summary>Whether mail comes in at a socket that was handed over: its next clients wait in it for the next server.</summary>
    public bool HasHandedMail => _listeners.Exists(l => l.IsHanded && IsMail(l.EndPoint));

    /// <summary>Leaves further clients of sockets that were handed over to the next server.</summary>
    public void LeaveToNext() => _listeners.ForEach(l => l.LeaveToNext());

    public void Dispose()
    {
        _mail.Dispose();
        _web.Dispose();
    }

    private void Protect(EndPoint endpoint)
    {
        if (endpoint is UnixDomainSocketEndPoint unix)
        {
            UnixSocket.Protect(unix.ToString(), options.Listen);
        }
    }

    private bool IsMail(EndPoint endpoint)
    {
        var listen = options.Listen;
        return endpoint is IPEndPoint ip
            ? !listen.Web.Contains(ip) && !listen.Spamd.Contains(ip) && !listen.SpamdTls.Contains(ip)
            : endpoint.ToString() != listen.SpamdSocket;
    }
}
