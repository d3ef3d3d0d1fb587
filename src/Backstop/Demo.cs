using System.Net;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop;

/// <summary>The server that runs without a configuration: loopback, one domain, one mailbox.</summary>
internal static class Demo
{
    public const string Domain = "example.test";
    public const string Mailbox = "me@example.test";
    public const string DataFolder = "backstop-data";
    public const int SmtpPort = 2525;
    public const int WebPort = 8025;

    /// <summary>Its options; a tag key is made in the data folder, so that bounces can be proved by tag too.</summary>
    public static BackstopOptions Options(string data, IReadOnlyList<string> moreMailboxes)
    {
        var mailboxes = moreMailboxes.Prepend(Mailbox).ToList();
        var wrong = mailboxes.Find(m => MailAddress.TryParse(m) is null);
        if (wrong is not null)
        {
            throw new CommandException(ExitCode.Usage, $"--mailbox {wrong}: not an address");
        }

        var options = new BackstopOptions
        {
            Hostname = "mx." + Domain,
            Domains = [.. mailboxes.Select(m => MailAddress.TryParse(m)!.Domain).Distinct(StringComparer.OrdinalIgnoreCase)],
            Data = data,
            Mailboxes = mailboxes.Distinct(StringComparer.OrdinalIgnoreCase)
                .ToDictionary(m => m, _ => new MailboxOptions(), StringComparer.OrdinalIgnoreCase),
            Listen = new() { Smtp = [new(IPAddress.Loopback, SmtpPort)], Web = [new(IPAddress.Loopback, WebPort)] },

            // All its clients are on loopback, which no list knows.
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
