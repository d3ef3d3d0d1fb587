using System.Globalization;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;

namespace Backstop.Doctor;

/// <summary>Protections that are off, each with the configuration key that turns it on.</summary>
internal static class ProtectionChecks
{
    private static readonly TimeSpan _old = TimeSpan.FromDays(400);

    /// <summary>Looks at the configuration and the keys.</summary>
    public static IEnumerable<Finding> Look(BackstopOptions options, string config, IReadOnlyList<BatvKey> keys, DateTimeOffset now)
    {
        yield return keys.Count == 0
            ? Off("keys", "no key, so nothing that leaves is signed", $"backstop batv new-key --config {config}")
            : KeyAge(DataPaths.BatvKeys(options), keys.Count, now);
        foreach (var finding in Settings(options).Where(s => s.IsOff).Select(s => Off(s.Check, s.What, s.Do)))
        {
            yield return finding;
        }
    }

    private static IEnumerable<(bool IsOff, string Check, string What, string Do)> Settings(BackstopOptions options)
    {
        var receives = options.Listen.ReceivesMail;
        yield return (
            !options.Outbound.Journal, "journal", "sent mail is not put into the journal, which then proves no bounce",
            "outbound.journal = true");
        yield return (!options.Outbound.SignSender, "keys", "senders get no tag",
            "outbound.sign_sender = true, or leave it for lists");
        yield return (!options.Outbound.SignMessage, "keys", "messages get no signed field", "outbound.sign_message = true");
        yield return (options.Dnsbl.Zones.Count == 0, "list", "no DNS list is asked about clients that send bounces", "dnsbl.zones");
        yield return (!options.Storm.Enabled, "storm", "a flood changes nothing about how mail is treated", "storm.enabled = true");
        yield return (
            receives && !options.Spam.Enabled, "spam", "mail is not scanned", "spam.enabled = true; spam.filter chooses who scans");
        yield return (
            options.Srs.Secrets.Length == 0, "keys", "no SRS secrets: bounces of mail that you forward with SRS prove nothing",
            "srs.secrets, if you do");
        yield return (
            options.Listen.Web.Count > 0 && options.Web.Password.Length == 0, "dashboard",
            "no password, so the dashboard shows figures only", "backstop config password");
        yield return (
            options.Alert.MailTo.Length + options.Alert.Webhook.Length + options.Alert.Command.Length == 0, "alert",
            "nobody is told when a flood begins", "alert.mail_to, alert.webhook or alert.command");
    }

    private static Finding KeyAge(string path, int count, DateTimeOffset now)
    {
        var age = now - new DateTimeOffset(File.GetLastWriteTimeUtc(path));
        var what = string.Create(CultureInfo.InvariantCulture, $"{count} in {path}, the newest {(int)age.TotalDays} days old");
        return age > _old
            ? new(FindingState.Warn, "keys", what, "make a new one once a year: backstop batv new-key; the previous key stays valid")
            : new(FindingState.Ok, "keys", what);
    }

    private static Finding Off(string check, string what, string todo) => new(FindingState.Off, check, what, todo);
}
