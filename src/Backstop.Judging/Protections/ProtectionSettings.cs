using Backstop.Configuration.Options;

namespace Backstop.Judging.Protections;

/// <summary>The protections that the configuration leaves off, each with the key that turns it on.</summary>
internal static class ProtectionSettings
{
    /// <summary>The command that makes a key; it wants the path of the configuration too.</summary>
    public const string NewKey = "backstop batv new-key";

    /// <summary>Looks at the configuration.</summary>
    /// <param name="options">A checked configuration.</param>
    /// <param name="hasKey">Whether there is a key for tags.</param>
    public static IEnumerable<Protection> Off(BackstopOptions options, bool hasKey) =>
        All(options, hasKey).Where(s => s.IsOff).Select(s => new Protection(s.Check, s.Name, ProtectionState.Off, s.Why, s.Do));

    private static IEnumerable<(bool IsOff, string Check, string Name, string Why, string Do)> All(BackstopOptions options, bool hasKey)
    {
        var receives = options.Listen.ReceivesMail;
        yield return (!hasKey, "keys", "signing", "no key, so nothing that leaves is signed", NewKey);
        yield return (
            !options.Outbound.Journal, "journal", "journal", "sent mail is not put into the journal, which then proves no bounce",
            "outbound.journal = true");
        yield return (
            !options.Outbound.SignSender, "keys", "tags", "senders get no tag", "outbound.sign_sender = true, or leave it for lists");
        yield return (
            !options.Outbound.SignMessage, "keys", "signed fields", "messages get no signed field", "outbound.sign_message = true");
        yield return (
            options.Dnsbl.Zones.Count == 0, "list", "DNS lists", "no DNS list is asked about clients that send bounces", "dnsbl.zones");
        yield return (
            !options.Storm.Enabled, "storm", "storms", "a flood changes nothing about how mail is treated", "storm.enabled = true");
        yield return (
            receives && !options.Spam.Enabled, "spam", "spam filter", "mail is not scanned",
            "spam.enabled = true; spam.filter chooses who scans");
        yield return (
            options.Srs.Secrets.Length == 0, "keys", "SRS", "no SRS secrets: bounces of mail that you forward with SRS prove nothing",
            "srs.secrets, if you do");
        yield return (
            options.Listen.Web.Count > 0 && options.Web.Password.Length == 0, "dashboard", "dashboard",
            "no password, so the dashboard shows figures only", "backstop config password");
        yield return (
            options.Alert.MailTo.Length + options.Alert.Webhook.Length + options.Alert.Command.Length == 0, "alert", "alerts",
            "nobody is told when a flood begins", "alert.mail_to, alert.webhook or alert.command");
    }
}
