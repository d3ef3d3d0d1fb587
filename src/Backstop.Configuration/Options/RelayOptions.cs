namespace Backstop.Configuration.Options;

/// <summary>
/// Mail that is handed on while its sender waits: the next server's answer is our answer, and nothing is stored.
/// </summary>
internal sealed class RelayOptions
{
    /// <summary>The next server for mail of <c>listen.smtp_proxy</c>: <c>host:port</c>, or the path of a Unix socket.</summary>
    public string SmtpTo { get; set; } = "";

    /// <summary>
    /// The next server for mail of <c>listen.lmtp_proxy</c>: <c>host:port</c>, or the path of a Unix socket such as
    /// Dovecot's.
    /// </summary>
    public string LmtpTo { get; set; } = "";

    /// <summary>
    /// Whether mail of <c>listen.smtp_proxy</c> comes from a server that has already accepted it (content_filter). Then
    /// nothing is refused, because that server would send a bounce; a message that would be refused is marked for the
    /// folder Backscatter. Default false.
    /// </summary>
    public bool AfterQueue { get; set; }

    /// <summary>The time limit for connecting to the next server. Default 30s.</summary>
    [Bounds("1s", "10m")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The time limit for its reply to a command. Default 5m.</summary>
    [Bounds("1s", "1h")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The time limit for its reply to the end of a message. Default 10m.</summary>
    [Bounds("1s", "1h")]
    public TimeSpan FinalTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an unused connection to it is kept open. Default 30s.</summary>
    [Bounds("0s", "1h")]
    public TimeSpan KeepIdle { get; set; } = TimeSpan.FromSeconds(30);

    internal void Check(IConfigProblems problems, ListenOptions listen)
    {
        Check("smtp", listen.SmtpProxy.Count > 0, SmtpTo);
        Check("lmtp", listen.LmtpProxy.Count > 0 || listen.LmtpProxySocket.Length > 0, LmtpTo);

        void Check(string protocol, bool isUsed, string to)
        {
            if (isUsed && PeerAddress.Parse(to) is null)
            {
                problems.Add(
                    $"relay.{protocol}_to",
                    $"not the address of a server; listen.{protocol}_proxy hands mail on to it: give host:port or the path of a socket");
            }
        }
    }
}
