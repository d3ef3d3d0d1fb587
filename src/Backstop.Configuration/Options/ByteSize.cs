using System.Globalization;

namespace Backstop.Configuration.Options;

/// <summary>A number of octets; written <c>512</c>, <c>64KiB</c>, <c>25MiB</c> or <c>1GiB</c>.</summary>
/// <param name="Bytes">The octets.</param>
internal readonly record struct ByteSize(long Bytes)
{
    /// <summary>Kibibytes.</summary>
    /// <param name="count">How many.</param>
    public static ByteSize KiB(long count) => new(count << 10);

    /// <summary>Mebibytes.</summary>
    /// <param name="count">How many.</param>
    public static ByteSize MiB(long count) => new(count << 20);

    /// <summary>Parses a size; false if the text is not a size.</summary>
    /// <param name="text">Such as <c>25MiB</c>.</param>
    /// <param name="size">The parsed size; 0 if the text is not one.</param>
    public static bool TryParse(string text, out ByteSize size)
    {
        size = default;
        var unit = text.AsSpan().TrimStart("0123456789 ");
        var shift = unit switch
        {
            "" or "B" => 0,
            "K" or "KB" or "KiB" or "k" => 10,
            "M" or "MB" or "MiB" => 20,
            "G" or "GB" or "GiB" => 30,
            _ => -1,
        };
        var number = text.AsSpan(0, text.Length - unit.Length).Trim();
        if (shift < 0 || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count > long.MaxValue >> shift)
        {
            return false;
        }

        size = new(count << shift);
        return true;
    }

    /// <inheritdoc />
    public override string ToString() => Bytes switch
    {
        > 0 when Bytes % (1 << 30) == 0 => string.Create(CultureInfo.InvariantCulture, $"{Bytes >> 30}GiB"),
        > 0 when Bytes % (1 << 20) == 0 => string.Create(CultureInfo.InvariantCulture, $"{Bytes >> 20}MiB"),
        > 0 when Bytes % (1 << 10) == 0 => string.Create(CultureInfo.InvariantCulture, $"{Bytes >> 10}KiB"),
        _ => Bytes.ToString(CultureInfo.InvariantCulture),
    };
}
