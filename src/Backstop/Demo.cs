using System.Net;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop;

/// <summary>
/// The configuration that the server runs with where none is given: loopback, one domain, one mailbox.
/// </summary>
internal static class Demo
{
    public const string Domain = "example.test";
    public const string Mailbox = "me@example.test";
    public const string DataFolder = "backstop-data";
    public const int SmtpPort = 2525;
    public const int WebPort = 8025;

    /// <summary>
    /// Returns the options of the demo. Makes a tag key in the data folder, so that tags prove bounces too.
    /// </summary>
    public static BackstopOptions Options(string data, IReadOnlyList<string> moreMailboxes)
    {
        var mailboxes = moreMailboxes.Prepend(Mailbox).ToList();
        var wrong = mailboxes.Find(m => MailAddress.TryParse(m) is null);
        if (wrong is not null)
        {
            throw new CommandException(ExitCode.Usage, $"--mailbox {wrong}: not a mail address; write user@domain");
        }

        var options = new BackstopOptions
        {
            Hostname = "mx." + Domain,
            Domains = [.. mailboxes.Select(m => MailAddress.TryParse(m)!.Domain).Distinct(StringComparer.OrdinalIgnoreCase)],
            Data = data,
            Mailboxes = mailboxes.Distinct(StringComparer.OrdinalIgnoreCase)
                .ToDictionary(m => m, _ => new MailboxOptions(), StringComparer.OrdinalIgnoreCase),
            Listen = new() { Smtp = [new(IPAddress.Loopback, SmtpPort)], Web = [new(IPAddress.Loopback, WebPort)] },

            // All clients of the demo are on loopback, which no DNS list contains.
            Dnsbl = new() { Zones = [] },
        };
        Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (!File.Exists(DataPaths.BatvKeys(options)))
        {
            BatvKeyFile.AddNew(DataPaths.BatvKeys(options));
        }

        return options;
    }
}
