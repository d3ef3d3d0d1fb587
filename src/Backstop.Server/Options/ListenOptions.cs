using System.Net;

namespace Backstop.Server.Options;

/// <summary>Where to listen. Written <c>address:port</c>; IPv6 in brackets.</summary>
public sealed class ListenOptions
{
    /// <summary>SMTP, for mail from other servers. Default: not.</summary>
    public IReadOnlyList<IPEndPoint> Smtp { get; set; } = [];

    /// <summary>LMTP, for mail from a server on this host or network. Default: not.</summary>
    public IReadOnlyList<IPEndPoint> Lmtp { get; set; } = [];

    /// <summary>spamd's protocol, for spamc and all else that speaks it; usually 127.0.0.1:783. Default: not.</summary>
    public IReadOnlyList<IPEndPoint> Spamd { get; set; } = [];

    /// <summary>spamd's protocol in TLS, with the certificate of <c>tls</c> (spamc --ssl). Default: not.</summary>
    public IReadOnlyList<IPEndPoint> SpamdTls { get; set; } = [];

    /// <summary>spamd's protocol on a Unix socket, by its path. Default: not.</summary>
    public string SpamdSocket { get; set; } = "";

    /// <summary>HTTP with /metrics, /status and /healthz. Has no login: keep it on loopback. Default: not.</summary>
    public IReadOnlyList<IPEndPoint> Web { get; set; } = [];

    /// <summary>Whether mail is received.</summary>
    public bool ReceivesMail => Smtp.Count + Lmtp.Count > 0;

    /// <summary>Whether clients of spamd are served.</summary>
    public bool ServesSpamd => Spamd.Count + SpamdTls.Count > 0 || SpamdSocket.Length > 0;

    /// <summary>Load balancers, as addresses or networks, that begin every connection with a PROXY header. Default: none.</summary>
    public IReadOnlyList<IPNetwork> ProxyFrom { get; set; } = [];
}
