namespace Backstop.Configuration.Options;

/// <summary>
/// Who is alerted when a storm begins and when it is over, once each however large it is; and when a file in the data
/// folder is damaged.
/// </summary>
internal sealed class AlertOptions
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The https:// or http:// address to which the storm's record is posted as JSON. Default: none.</summary>
    public string Webhook { get; set; } = "";

    /// <summary>
    /// The absolute path of a program that is run with the record as JSON on its standard input, and with
    /// <c>begins</c>, <c>over</c>, <c>digest</c> or <c>store</c> as its argument. Default: none.
    /// </summary>
    public string Command { get; set; } = "";

    /// <summary>An address outside the storm that gets one mail at the beginning and one at the end. Default: none.</summary>
    public string MailTo { get; set; } = "";

    /// <summary>The server that accepts these mails, as <c>host:port</c>. Default 127.0.0.1:25.</summary>
    public string MailVia { get; set; } = "127.0.0.1:25";

    /// <summary>The time limit of a webhook, program or server. Default 10s.</summary>
    [Bounds("1s", "5m")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The most storms with alerts of their own in a day; further ones are reported in one digest the next day. Default
    /// 10.
    /// </summary>
    [Bounds(1, 1000)]
    public int PerDay { get; set; } = 10;

    internal void Check(IConfigProblems problems)
    {
        problems.CheckHttp("alert.webhook", Webhook);
        if (Command.Length > 0 && !(Path.IsPathRooted(Command) && File.Exists(Command)))
        {
            problems.Add("alert.command", $"\"{Command}\" is not an existing file; give the absolute path of a program");
        }
        else if (Command.Length > 0 && (File.GetUnixFileMode(Command) & AnyExecute) == UnixFileMode.None)
        {
            problems.Warn("alert.command", $"{Command} is not executable; make it so with chmod +x");
        }

        problems.CheckAddress("alert.mail_to", MailTo);
        problems.CheckPeer("alert.mail_via", MailVia);
    }
}
