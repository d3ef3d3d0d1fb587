using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Attachments;

/// <summary>What the attached PDF files of a message show without being rendered (Plugin/PDFInfo.pm). Linear in their octets.</summary>
internal sealed class PdfFacts
{
    private const int MaxTag = 2048;

    private static readonly PerlRegex _name = new("\\.[fp]df$", RegexOptions.IgnoreCase);

    public int Files { get; private set; }

    public int Images { get; private set; }

    /// <summary>The pixels of all images together, in the last file that has images; null if no file has one.</summary>
    public double? Area { get; private set; }

    public bool IsEncrypted { get; private set; }

    public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Height x width of each image, and of all images of a file together.</summary>
    public HashSet<string> Sizes { get; } = new(StringComparer.Ordinal);

    /// <summary>Digests of the files, hexadecimal in upper case.</summary>
    public HashSet<string> Digests { get; } = new(StringComparer.Ordinal);

    public HashSet<string> FuzzyDigests { get; } = new(StringComparer.Ordinal);

    /// <summary>The values found for author, creator, created, modified, producer and title.</summary>
    public Dictionary<string, HashSet<string>> Details { get; } = new(StringComparer.Ordinal);

    /// <summary>The targets of links, in the order of the files.</summary>
    public List<string> Uris { get; } = [];

    public Dictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads attachments until their share of the message's budget is used up.</summary>
    public static PdfFacts Of(SpamMessage message, BudgetShare share)
    {
        var facts = new PdfFacts();
        share.Run(() => facts.Read(message));
        facts.Tag("PDFCOUNT", PdfReader.Number(facts.Files));
        facts.Tag("PDFIMGCOUNT", PdfReader.Number(facts.Images));
        return facts;
    }

    public void Tag(string name, string value)
    {
        if (value.Length > 0 && (!Tags.TryGetValue(name, out var text) || text.Length < MaxTag))
        {
            Tags[name] = text is null ? value : $"{text} {value}";
        }
    }

    public void Detail(string kind, string value)
    {
        if (!Details.TryGetValue(kind, out var values))
        {
            Details[kind] = values = new HashSet<string>(StringComparer.Ordinal);
        }

        values.Add(value);
    }

    public void Image(string height, string width)
    {
        Images++;
        Sizes.Add($"{height}x{width}");
        Tag("PDFIMGDIM", $"{height}x{width}");
    }

    public void Encrypted() => IsEncrypted = true;

    public void Total(double height, double width, double area)
    {
        if (height > 0 && width > 0)
        {
            Sizes.Add($"{PdfReader.Number(height)}x{PdfReader.Number(width)}");
        }

        if (area > 0)
        {
            Area = area;
            Tag("PDFIMGAREA", PdfReader.Number(area));
        }
    }

    private void Read(SpamMessage message)
    {
        foreach (var part in message.Leaves().Where(IsCandidate))
        {
            Files++;
            new PdfReader(this).Read(part);
        }
    }

    private static bool IsCandidate(MimeNode part) => part.Type switch
    {
        "image/pdf" or "application/pdf" => true,
        "image/octet-stream" or "application/octet-stream" => _name.IsMatch(part.Name ?? ""),
        _ => false,
    };
}
