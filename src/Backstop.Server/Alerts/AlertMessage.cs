using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Backstop.Backscatter.Storms;
using Backstop.Mail;

namespace Backstop.Server.Alerts;

/// <summary>The content of an alert: the event, the server, and the storms without their long lists.</summary>
/// <param name="Event"><c>begins</c>, <c>over</c> or <c>digest</c>; <c>store</c> where a file of the data folder is damaged or
/// cannot be used.</param>
/// <param name="Hostname">The name of the server.</param>
/// <param name="Text">One sentence for each storm.</param>
/// <param name="Storms">One storm; in a digest, those of the day that no alert was sent for.</param>
internal sealed record AlertMessage(string Event, string Hostname, string Text, IReadOnlyList<StormRecord> Storms)
{
    private const int MaxHosts = 20;
    private const int MaxCampaigns = 10;

    /// <summary>Makes the alert for one storm.</summary>
    internal static AlertMessage Of(string host, StormRecord storm) =>
        new(storm.Ended is null ? "begins" : "over", host, Sentence(storm), [Short(storm)]);

    /// <summary>Makes the alert for a store of the data folder.</summary>
    internal static AlertMessage Store(string host, string words) => new("store", host, words, []);

    /// <summary>Makes the digest of storms beyond the daily limit.</summary>
    internal static AlertMessage Digest(string host, IReadOnlyList<StormRecord> storms) =>
        new("digest", host, string.Join('\n', storms.Select(Sentence)), [.. storms.Select(Short)]);

    /// <summary>
    /// Formats the alert as a mail that nobody can answer. It is sent with the null sender, so that no server returns
    /// it.
    /// </summary>
    internal string Mail(string to, string id, DateTimeOffset now)
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"From: Backstop <postmaster@{Hostname}>\r\nTo: <{to}>\r\nSubject: Backstop: {Subject()}\r\nDate: "
                + $"{now:ddd, d MMM yyyy HH:mm:ss +0000}\r\n")
            .Append(
            CultureInfo.InvariantCulture,
            $"Message-ID: <{id}@{Hostname}>\r\nAuto-Submitted: auto-generated\r\nPrecedence: bulk\r\nMIME-Version: "
                + $"1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n")
            .Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(Text + "\n"), Base64FormattingOptions.InsertLineBreaks)).Append("\r\n");
        return text.ToString();
    }

    private string Subject() => Event switch
    {
        "begins" => $"a storm begins ({Storms[0].Kind})",
        "store" => "a file of the data folder is damaged or cannot be used",
        "over" => $"a storm is over ({Storms[0].Kind})",
        _ => string.Create(CultureInfo.InvariantCulture, $"{Storms.Count} more storms"),
    };

    private static string Sentence(StormRecord storm) => string.Create(
        CultureInfo.InvariantCulture,
        $"{storm.Kind} to {ShownText.Of(storm.Victim)} since {storm.Started.UtcDateTime:yyyy-MM-dd HH:mm} "
            + $"UTC{(storm.Ended is { } ended ? $", over since {ended.UtcDateTime:yyyy-MM-dd HH:mm}" : "")}: {storm.Count} messages from "
            + $"{storm.Hosts.Count} hosts{(storm.Campaigns.Count > 0 ? $", such as \"{ShownText.Of(storm.Campaigns[0].Label)}\"" : "")}.");

    private static StormRecord Short(StormRecord storm) => storm with
    {
        Hosts = storm.Hosts.OrderByDescending(h => h.Value).Take(MaxHosts).ToDictionary(),
        Campaigns = [.. storm.Campaigns.Take(MaxCampaigns)],
        Minutes = new Dictionary<long, long>(),
    };
}

/// <summary>JSON serialization of alerts.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AlertMessage))]
internal sealed partial class AlertJson : JsonSerializerContext;
