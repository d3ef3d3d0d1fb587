using System.Buffers.Binary;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>Number and sizes of attached pictures (Plugin/ImageInfo.pm).</summary>
internal static class ImageEvals
{
    public static void Register(EvalTable table)
    {
        table.Add("image_count", static (scan, arguments) => Within(Of(scan, arguments[0]).Count, arguments, 1, 2));
        table.Add("pixel_coverage", static (scan, arguments) => Within(Of(scan, arguments[0]).Sum(i => i.Area), arguments, 1, 2));
        table.Add(
            "image_size_exact",
            static (scan, arguments) => Of(scan, arguments[0]).Exists(i =>
                i.Area > 0 && i.Height == arguments.Number(1) && i.Width == arguments.Number(2)));
        table.Add(
            "image_size_range",
            static (scan, arguments) => Of(scan, arguments[0]).Exists(i =>
                i.Area > 0 && i.Height >= arguments.Number(1) && i.Width >= arguments.Number(2)
            && i.Height <= (arguments.Number(3) ?? double.MaxValue) && i.Width <= (arguments.Number(4) ?? double.MaxValue)));
        table.Add(
            "image_named",
            static (scan, arguments) => Of(scan, "all").Exists(i => i.Area > 0 && i.Name is not null && i.Name == arguments[0]));
        table.Add("image_name_regex", static (scan, arguments) => arguments[0] is { } text && EvalPatterns.Get(text) is var pattern
            && Of(scan, "all").Exists(i => i.Area > 0 && i.Name is not null && pattern.IsMatch(i.Name, scan.Steps)));
        table.Add("image_to_text_ratio", static (scan, arguments) =>
        {
            var (pixels, text) = (Of(scan, arguments[0]).Sum(i => i.Area), scan.Body.Sum(l => l.Length));
            return pixels > 0 && text > 0 && text / pixels is var ratio && ratio >= arguments.Number(1) && ratio < arguments.Number(2);
        });
    }

    private static bool Within(double value, EvalArguments arguments, int min, int max) =>
        value >= (arguments.Number(min) ?? double.MaxValue) && value <= (arguments.Number(max) ?? double.MaxValue);

    private static List<Picture> Of(MessageScan scan, string? kind) =>
        scan.Remember("images", () => Find(scan.Message)) is var all && kind == "all" ? all : all.FindAll(i => i.Kind == kind);

    private static List<Picture> Find(SpamMessage message)
    {
        var pictures = new List<Picture>();
        foreach (var part in message.Leaves())
        {
            var kind = part.Type switch { "image/gif" => "gif", "image/png" => "png", "image/jpeg" or "image/jpg" => "jpeg", _ => null };
            if (kind is null || !part.Header("content-transfer-encoding").Equals("base64", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var bytes = Octets.ToBytes(part.DecodedBody());
            var (width, height) = kind switch { "gif" => Gif(bytes), "png" => Png(bytes), _ => Jpeg(bytes) };
            pictures.Add(new Picture(kind, width, height, part.Name));
        }

        return pictures;
    }

    private static (int Width, int Height) Gif(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 10 && bytes.StartsWith("GIF8"u8) && bytes[4] is (byte)'7' or (byte)'9' && bytes[5] == 'a'
            ? (BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]))
            : default;

    /// <summary>Reads width and height from the first chunk; 0 if they are not there.</summary>
    private static (int Width, int Height) Png(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 24
            && bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a])
            && bytes[12..].StartsWith("IHDR"u8)
            ? (BinaryPrimitives.ReadInt32BigEndian(bytes[16..]), BinaryPrimitives.ReadInt32BigEndian(bytes[20..]))
            : default;

    private static (int Width, int Height) Jpeg(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
        {
            return default;
        }

        for (var at = 2; at + 9 <= bytes.Length && bytes[at] == 0xFF;)
        {
            var (mark, length) = (bytes[at + 1], BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]));
            if (mark is 0xDA or 0xD9 || length < 2)
            {
                break;
            }

            if (mark is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return (BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 5)..]));
            }

            at += 2 + length;
        }

        return default;
    }

    private sealed record Picture(string Kind, int Width, int Height, string? Name)
    {
        public double Area => Width > 0 && Height > 0 ? (double)Width * Height : 0;
    }
}
