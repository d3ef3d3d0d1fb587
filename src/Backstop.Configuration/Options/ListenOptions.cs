using System.Net;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>The addresses to listen on, written <c>address:port</c>; IPv6 in brackets.</summary>
internal sealed class ListenOptions
{
    /// <summary>SMTP, for mail from other servers. Default: none.</summary>
    public IReadOnlyList<IPEndPoint> Smtp { get; set; } = [];

    /// <summary>LMTP, for mail from a server on this host or network. Default: none.</summary>
    public IReadOnlyList<IPEndPoint> Lmtp { get; set; } = [];

    /// <summary>spamd's protocol, for spamc and similar clients; usually 127.0.0.1:783. Default: none.</summary>
    public IReadOnlyList<IPEndPoint> Spamd { get; set; } = [];

    /// <summary>spamd's protocol over TLS, with the certificate of <c>tls</c> (spamc --ssl). Default: none.</summary>
    public IReadOnlyList<IPEndPoint> SpamdTls { get; set; } = [];

    /// <summary>The path of a Unix socket for spamd's protocol. Default: none.</summary>
    public string SpamdSocket { get; set; } = "";

    /// <summary>Milter, for Postfix and Sendmail. Default: none.</summary>
    public IReadOnlyList<IPEndPoint> Milter { get; set; } = [];

    /// <summary>The path of a Unix socket for milter. Default: none.</summary>
    public string MilterSocket { get; set; } = "";

    /// <summary>Postfix's policy delegation (check_policy_service). Default: none.</summary>
    public IReadOnlyList<IPEndPoint> Policy { get; set; } = [];

    /// <summary>The path of a Unix socket for policy delegation. Default: none.</summary>
    public string PolicySocket { get; set; } = "";

    /// <summary>
    /// Tables that remove tags from addresses and add them: socketmap (Postfix, Sendmail) and tcp_table (Postfix).
    /// Default: none.
    /// </summary>
    public IReadOnlyList<IPEndPoint> Table { get; set; } = [];

    /// <summary>The path of a Unix socket for tables. Default: none.</summary>
    public string TableSocket { get; set; } = "";

    /// <summary>
    /// SMTP for mail that is handed on to <c>relay.smtp_to</c>: for Postfix's smtpd_proxy_filter or content_filter, or
    /// as any server's next hop. Default: none.
    /// </summary>
    public IReadOnlyList<IPEndPoint> SmtpProxy { get; set; } = [];

    /// <summary>LMTP for mail that is handed on to <c>relay.lmtp_to</c>, such as Dovecot. Default: none.</summary>
    public IReadOnlyList<IPEndPoint> LmtpProxy { get; set; } = [];

    /// <summary>The path of a Unix socket for that LMTP. Default: none.</summary>
    public string LmtpProxySocket { get; set; } = "";

    /// <summary>
    /// The mode of all Unix sockets, in octal: it decides who may connect. Default 0660: their owner and group.
    /// </summary>
    public UnixFileMode SocketMode { get; set; } = (UnixFileMode)0b110_110_000;

    /// <summary>
    /// The mode of <c>spamd_socket</c>; 0666 if delivery agents connect as the users who get the mail. Default 0660.
    /// </summary>
    public UnixFileMode SpamdSocketMode { get; set; } = (UnixFileMode)0b110_110_000;

    /// <summary>
    /// The user, by name, who owns the Unix sockets; that user may have mail signed there. Default: the server's own.
    /// </summary>
    public string SocketOwner { get; set; } = "";

    /// <summary>
    /// The group of the Unix sockets, such as <c>postfix</c>; its members may have mail signed there. Default: the
    /// server's own, whose members may connect and ask, but not have mail signed.
    /// </summary>
    public string SocketGroup { get; set; } = "";

    /// <summary>
    /// HTTP: the dashboard, /metrics, /status, /healthz, /readyz and /classify. Addresses other than loopback need
    /// web.password. Default: none.
    /// </summary>
    public IReadOnlyList<IPEndPoint> Web { get; set; } = [];

    /// <summary>All Unix sockets but the milter's.</summary>
    internal string[] Sockets => [.. new[] { SpamdSocket, PolicySocket, TableSocket, LmtpProxySocket }.Where(s => s.Length > 0)];

    /// <summary>The listeners that a mail server asks, each with its key and address.</summary>
    internal IEnumerable<(string Key, string Address)> Guards =>
    [
        .. Milter.Select(e => ("milter", e.ToString())), .. Policy.Select(e => ("policy", e.ToString())),
        .. Table.Select(e => ("table", e.ToString())), .. SmtpProxy.Select(e => ("smtp_proxy", e.ToString())),
        .. LmtpProxy.Select(e => ("lmtp_proxy", e.ToString())),
        .. new[]
        {
            ("milter_socket", MilterSocket), ("policy_socket", PolicySocket), ("table_socket", TableSocket),
            ("lmtp_proxy_socket", LmtpProxySocket),
        }.Where(s => s.Item2.Length > 0),
    ];

    /// <summary>Whether mail is received.</summary>
    public bool ReceivesMail => Smtp.Count + Lmtp.Count > 0;

    /// <summary>Whether another mail server asks us.</summary>
    public bool GuardsServer =>
        Milter.Count + Policy.Count + Table.Count > 0 || MilterSocket.Length + PolicySocket.Length + TableSocket.Length > 0 || HandsOn;

    /// <summary>Whether mail is handed on.</summary>
    public bool HandsOn => SmtpProxy.Count + LmtpProxy.Count > 0 || LmtpProxySocket.Length > 0;

    /// <summary>Whether clients of spamd are served.</summary>
    public bool ServesSpamd => Spamd.Count + SpamdTls.Count > 0 || SpamdSocket.Length > 0;

    /// <summary>
    /// Load balancers, as addresses or networks, that begin every connection with a PROXY header. Default: none.
    /// </summary>
    public IReadOnlyList<IPNetwork> ProxyFrom { get; set; } = [];

    internal void Check(IConfigProblems problems, BackstopOptions all)
    {
        if (!ReceivesMail && !all.IsHelper)
        {
            problems.Add("listen", "nothing to listen on; set at least one address, such as listen.smtp = \"0.0.0.0:25\"");
        }

        CheckSockets(problems);
        CheckTwice(problems);
        if (SpamdTls.Count > 0 && !all.Tls.Enabled)
        {
            problems.Add("listen.spamd_tls", "needs tls.enabled = true");
        }

        if (SocketOwner.Length > 0 && UserAccount.NumberOf(SocketOwner) is null)
        {
            problems.Add("listen.socket_owner", $"no user \"{SocketOwner}\" on this host; write the name of an existing one");
        }

        if (SocketGroup.Length > 0 && GroupAccount.Find(SocketGroup) is null)
        {
            problems.Add("listen.socket_group", $"no group \"{SocketGroup}\" on this host; write the name of an existing one");
        }

        if (all.Web.Password.Length == 0 && Web.FirstOrDefault(e => !IPAddress.IsLoopback(e.Address)) is { } open)
        {
            problems.Add("listen.web", $"{open} can be reached from other hosts; set web.password (backstop config password makes it)");
        }
    }

    private void CheckSockets(IConfigProblems problems)
    {
        (string Key, string Path)[] sockets =
        [
            ("spamd_socket", SpamdSocket), ("milter_socket", MilterSocket), ("policy_socket", PolicySocket), ("table_socket", TableSocket),
            ("lmtp_proxy_socket", LmtpProxySocket),
        ];
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, path) in sockets.Where(s => s.Path.Length > 0))
        {
            problems.CheckSocket("listen." + key, path);
            if (!taken.TryAdd(Path.GetFullPath(path), key))
            {
                problems.Add("listen." + key, $"{path} is also set for listen.{taken[Path.GetFullPath(path)]}; choose another");
            }
        }
    }

    // Port 0 is any free one.
    private void CheckTwice(IConfigProblems problems)
    {
        (string Key, IReadOnlyList<IPEndPoint> EndPoints)[] all =
        [
            ("smtp", Smtp), ("lmtp", Lmtp), ("spamd", Spamd), ("spamd_tls", SpamdTls), ("milter", Milter), ("policy", Policy),
            ("table", Table), ("smtp_proxy", SmtpProxy), ("lmtp_proxy", LmtpProxy), ("web", Web),
        ];
        var taken = new Dictionary<IPEndPoint, string>();
        foreach (var (key, endPoint) in all.SelectMany(a => a.EndPoints.Select(e => (a.Key, e))).Where(a => a.e.Port != 0))
        {
            if (!taken.TryAdd(endPoint, key))
            {
                problems.Add("listen." + key, $"{endPoint} is also set for listen.{taken[endPoint]}; give each its own port");
            }
        }
    }
}
