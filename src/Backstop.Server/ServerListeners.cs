using System.Net;
using Backstop.Configuration.Options;
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
            Listen(options.Listen.Smtp, "smtp", l => Run(l, (f, c) => f.Handler.RunAsync(c, f.SmtpListener)));
            Listen(options.Listen.Lmtp, "lmtp", l => Run(l, (f, c) => f.Handler.RunAsync(c, f.LmtpListener)));
            Listen(options.Listen.Spamd, "spamd", l => Run(l, (f, c) => f.Spamd!.RunAsync(c, isTls: false)));
            Listen(options.Listen.SpamdTls, "spamd_tls", l => Run(l, (f, c) => f.Spamd!.RunAsync(c, isTls: true)));
            ListenAt(options.Listen.SpamdSocket, l => Run(l, (f, c) => f.Spamd!.RunAsync(c, isTls: false)));
            Listen(options.Listen.Policy, "policy", l => Run(l, (f, c) => f.Policy.RunAsync(c)));
            ListenAt(options.Listen.PolicySocket, l => Run(l, (f, c) => f.Policy.RunAsync(c)));
            Listen(options.Listen.SmtpProxy, "smtp_proxy", l => Run(l, (f, c) => f.SmtpProxy!.RunAsync(c, f.SmtpProxyListener)));
            Listen(options.Listen.LmtpProxy, "lmtp_proxy", l => Run(l, (f, c) => f.LmtpProxy!.RunAsync(c, f.LmtpProxyListener)));
            ListenAt(options.Listen.LmtpProxySocket, l => Run(l, (f, c) => f.LmtpProxy!.RunAsync(c, f.LmtpProxyListener)));
            Listen(options.Listen.Table, "table", l => Run(l, (f, c) => f.Table.RunAsync(c)));
            ListenAt(options.Listen.TableSocket, l => Run(l, (f, c) => f.Table.RunAsync(c)));

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

            // A connection is served by the configuration that it began with.
            void Run(Kestrel.ListenOptions listener, Func<FrontParts, ConnectionContext, Task> serveAsync) =>
                listener.Run(async connection =>
                {
                    using var held = parts().Hold();
                    await serveAsync(held.Of.Fronts, connection);
                });
        });
    }
}
