using System.Net;
using Backstop.Configuration.Options;
using Backstop.Server.Smtp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Kestrel = Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Backstop.Server;

/// <summary>
/// Configures Kestrel: where it listens, and which handler serves each listener. The milter has its own listeners.
/// </summary>
internal static class ServerListeners
{
    public static void Configure(
        IWebHostBuilder host, BackstopOptions options, Func<ServerParts> parts, List<(string, Kestrel.ListenOptions)> listeners)
    {
        host.UseSockets(s =>
        {
            s.NoDelay = true;
            s.Backlog = 4096;

            // Replies are written on the thread that completed the read, so a session needs no thread switch for each
            // command.
            s.UnsafePreferInlineScheduling = true;
        });
        host.ConfigureKestrel(kestrel =>
        {
            // What a client may send ahead. With Kestrel's default, 10,000 clients could fill 10 GB.
            kestrel.Limits.MaxRequestBufferSize = 64 << 10;
            kestrel.Limits.MaxResponseBufferSize = 64 << 10;

            // Connections are limited: an idle one of a browser must not keep others out for two minutes.
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(20);
            Listen(options.Listen.Smtp, "smtp", l => Handle(l, () => parts().Fronts.SmtpListener));
            Listen(options.Listen.Lmtp, "lmtp", l => Handle(l, () => parts().Fronts.LmtpListener));
            Listen(options.Listen.Spamd, "spamd", l => l.Run(connection => parts().Fronts.Spamd!.RunAsync(connection, isTls: false)));
            Listen(options.Listen.SpamdTls, "spamd_tls", l => l.Run(connection => parts().Fronts.Spamd!.RunAsync(connection, isTls: true)));
            ListenAt(options.Listen.SpamdSocket, l => l.Run(connection => parts().Fronts.Spamd!.RunAsync(connection, isTls: false)));
            Listen(options.Listen.Policy, "policy", l => l.Run(connection => parts().Fronts.Policy.RunAsync(connection)));
            ListenAt(options.Listen.PolicySocket, l => l.Run(connection => parts().Fronts.Policy.RunAsync(connection)));
            Listen(
                options.Listen.SmtpProxy, "smtp_proxy",
                l => l.Run(connection => parts().Fronts.SmtpProxy!.RunAsync(connection, parts().Fronts.SmtpProxyListener)));
            Listen(
                options.Listen.LmtpProxy, "lmtp_proxy",
                l => l.Run(connection => parts().Fronts.LmtpProxy!.RunAsync(connection, parts().Fronts.LmtpProxyListener)));
            ListenAt(
                options.Listen.LmtpProxySocket,
                l => l.Run(connection => parts().Fronts.LmtpProxy!.RunAsync(connection, parts().Fronts.LmtpProxyListener)));
            Listen(options.Listen.Table, "table", l => l.Run(connection => parts().Fronts.Table.RunAsync(connection)));
            ListenAt(options.Listen.TableSocket, l => l.Run(connection => parts().Fronts.Table.RunAsync(connection)));

            Listen(options.Listen.Web, "web", l => l.Protocols = Kestrel.HttpProtocols.Http1);

            void Listen(IReadOnlyList<IPEndPoint> endPoints, string protocol, Action<Kestrel.ListenOptions> configure)
            {
                foreach (var endPoint in endPoints)
                {
                    kestrel.Listen(endPoint, l =>
                    {
                        configure(l);
                        listeners.Add((protocol, l));
                    });
                }
            }

            void ListenAt(string socket, Action<Kestrel.ListenOptions> configure)
            {
                if (socket.Length > 0)
                {
                    kestrel.ListenUnixSocket(socket, configure);
                }
            }

            void Handle(Kestrel.ListenOptions listener, Func<SmtpListener> kind) =>
                listener.Run(connection => parts().Fronts.Handler.RunAsync(connection, kind()));
        });
    }
}
