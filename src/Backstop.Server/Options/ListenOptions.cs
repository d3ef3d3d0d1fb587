using System.Net;

namespace Backstop.Server.Options;

/// <summary>Where to listen. Written <c>address:port</c>; IPv6 in brackets.</summary>
public sealed class ListenOptions
{
    /// <summary>SMTP, for mail from other servers. Default: not.</summary>
    public IReadOnlyList<IPEndPoint> Smtp { get; set; } = [];

    /// <summary>LMTP, for mail from a server on this host or network. Default: not.</summary>
    public IReadOnlyList<IPEndPoint> Lmtp { get; set; } = [];

    /// <summary>HTTP with /metrics, /status and /healthz. Has no login: keep it on loopback. Default: not.</summary>
    public IReadOnlyList<IPEndPoint> Web { get; set; } = [];

    /// <summary>Load balancers, as addresses or networks, that begin every connection with a PROXY header. Default: none.</summary>
    public IReadOnlyList<IPNetwork> ProxyFrom { get; set; } = [];
}
