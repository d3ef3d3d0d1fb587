using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>Mail that is handed on while its sender waits: the next server's answer is our answer, and nothing is kept.</summary>
internal sealed class RelayOptions
{
    /// <summary>Where mail of <c>listen.smtp_proxy</c> goes: <c>host:port</c>, or the path of a Unix socket.</summary>
    public string SmtpTo { get; set; } = "";

    /// <summary>Where mail of <c>listen.lmtp_proxy</c> goes: <c>host:port</c>, or the path of a Unix socket such as Dovecot's.</summary>
    public string LmtpTo { get; set; } = "";

    /// <summary>
    /// Whether mail of <c>listen.smtp_proxy</c> comes from a server that has accepted it already (content_filter): then nothing is
    /// refused, for that server would write to the sender; what would be is marked for the folder Backscatter. Default false.
    /// </summary>
    public bool AfterQueue { get; set; }

    /// <summary>How long a connection to it may take. Default 30s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it may take to answer a command. Default 5m.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long it may take to answer the end of a message. Default 10m.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan FinalTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an unused connection to it is kept. Default 30s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
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
                    $"relay.{protocol}_to", $"name where listen.{protocol}_proxy hands mail on to: host:port or the path of a socket");
            }
        }
    }
}
