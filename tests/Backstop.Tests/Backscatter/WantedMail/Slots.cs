using System.Globalization;
using System.Text.RegularExpressions;

namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>
/// Fills the slots of one mail. A slot has the same value wherever it stands in that mail; <c>{hex:a}</c> and <c>{hex:b}</c> are
/// two.
/// </summary>
/// <param name="random">Chooses the values.</param>
internal sealed partial class Slots(Random random)
{
    private const string HexDigits = "0123456789abcdef";

    private static readonly string[] _names = [
        "Anna Berg", "Otto Lind", "Maria Rossi", "Jan Novak", "Eva Horn", "Paul Martin", "Ines Costa", "Piotr Zima", "Olga Kern",
        "Ken Mori", "Li Wen", "Sara Dahl"];
    private static readonly string[] _shops = [
        "Nordlicht", "Kaufwelt", "Blue Kettle", "Papeterie Moulin", "Orto Verde", "Velo Haus", "Sakura Books", "Teplo", "Casa Lima",
        "Riverside Tools"];
    private static readonly string[] _cities = ["Hamburg", "Lyon", "Torino", "Porto", "Gdansk", "Oslo", "Osaka", "Brno", "Malmo", "Leeds"];
    private static readonly string[] _domains = [
        "example.net", "example.com", "shop.example", "mail.shop.example", "firm.example", "service.example", "uni.example"];

    private readonly Dictionary<string, string> _filled = new(StringComparer.Ordinal);

    /// <summary>When the mail is written.</summary>
    public DateTimeOffset Now { get; } = new DateTimeOffset(2026, 11, 2, 6, 0, 0, TimeSpan.Zero).AddMinutes(random.Next(60 * 24 * 25));

    /// <summary>Fills the slots of a text.</summary>
    public string Fill(string text) => Slot().Replace(text, m => Value(m.Groups[1].Value));

    private string Value(string slot)
    {
        if (!_filled.TryGetValue(slot, out var value))
        {
            value = Make(slot.Split(':')[0]);
            _filled[slot] = value;
        }

        return value;
    }

    private string Make(string slot) => slot switch
    {
        "n" => random.Next(10_000, 99_999_999).ToString(CultureInfo.InvariantCulture),
        "d" => random.Next(2, 29).ToString(CultureInfo.InvariantCulture),
        "code" => random.Next(100_000, 999_999).ToString(CultureInfo.InvariantCulture),
        "hex" => string.Create(24, random, static (span, r) => Fill(span, r)),
        "name" => Pick(_names),
        "first" => Value("name").Split(' ')[0],
        "user" => Value("name").Split(' ')[0].ToLowerInvariant(),
        "shop" => Pick(_shops),
        "city" => Pick(_cities),
        "dom" => Pick(_domains),
        "bad" => Value("other").Split(' ')[0].ToLowerInvariant() + "@" + Pick(_domains),
        "other" => Pick(_names),
        "date" => Now.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture),
        "unix" => Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        "day" => Now.AddDays(random.Next(1, 20)).ToString("dd.MM.yyyy", CultureInfo.InvariantCulture),
        "iso" => Now.AddDays(random.Next(1, 20)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        "time" => $"{random.Next(7, 22):00}:{random.Next(0, 4) * 15:00}",
        "money" => $"{random.Next(3, 900)}.{random.Next(0, 100):00}",
        "ip" => $"192.0.2.{random.Next(1, 255)}",
        _ => throw new FormatException($"unknown slot '{slot}' in the data of wanted mail"),
    };

    private static void Fill(Span<char> span, Random random)
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = HexDigits[random.Next(HexDigits.Length)];
        }
    }

    private string Pick(string[] from) => from[random.Next(from.Length)];

    [GeneratedRegex(@"\{([a-z]+(?::[a-z0-9]+)?)\}")]
    private static partial Regex Slot();
}
