using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>
/// Who is told when a storm begins and when it is over: once each, however large it is. And when a file of the data folder is
/// damaged.
/// </summary>
internal sealed class AlertOptions
{
    /// <summary>Where the storm's record is posted as JSON, as https:// or http:// address. Default: nowhere.</summary>
    public string Webhook { get; set; } = "";

    /// <summary>
    /// A program that is run with the record as JSON on its standard input, and <c>begins</c>, <c>over</c>, <c>digest</c> or
    /// <c>store</c> as its argument. An absolute path. Default: none.
    /// </summary>
    public string Command { get; set; } = "";

    /// <summary>An address outside the storm that gets one mail at the beginning and one at the end. Default: none.</summary>
    public string MailTo { get; set; } = "";

    /// <summary>The server that takes these mails, as <c>host:port</c>. Default 127.0.0.1:25.</summary>
    public string MailVia { get; set; } = "127.0.0.1:25";

    /// <summary>How long a webhook, program or server may take. Default 10s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Storms that are told of by themselves in a day; those beyond are told of in one digest the next day. Default 10.</summary>
    [Range(1, 1000)]
    public int PerDay { get; set; } = 10;

    internal void Check(IConfigProblems problems)
    {
        problems.CheckHttp("alert.webhook", Webhook);
        if (Command.Length > 0 && !(Path.IsPathRooted(Command) && File.Exists(Command)))
        {
            problems.Add("alert.command", $"\"{Command}\" is not the absolute path of a program");
        }

        problems.CheckAddress("alert.mail_to", MailTo);
        problems.CheckPeer("alert.mail_via", MailVia);
    }
}
