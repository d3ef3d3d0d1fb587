using Backstop.SpamRules.Messages;

namespace Backstop.SpamRules.Evals;

/// <summary>Number, sizes, names and properties of attached PDF files (Plugin/PDFInfo.pm).</summary>
internal static class PdfEvals
{
    public static void Register(EvalTable table)
    {
        table.Add("pdf_count", static (scan, arguments) => Within(scan.Pdf.Files, arguments));
        table.Add("pdf_image_count", static (scan, arguments) => Within(scan.Pdf.Images, arguments));
        table.Add("pdf_pixel_coverage", static (scan, arguments) => Within(scan.Pdf.Area, arguments));
        table.Add("pdf_image_to_text_ratio", static (scan, arguments) => Ratio(scan) is { } ratio && arguments.Number(1) is { } max
            && Within(ratio, arguments) && ratio != max);
        table.Add("pdf_named", static (scan, arguments) => arguments[0] is { } name && scan.Pdf.Names.Contains(name));
        table.Add("pdf_name_regex", static (scan, arguments) =>
            arguments[0] is { } pattern && scan.Pdf.Names.Any(n => EvalPatterns.GetDelimited(pattern).IsMatch(n, scan.Steps)));
        table.Add("pdf_image_size_exact", static (scan, arguments) => scan.Pdf.Sizes.Contains($"{arguments[0]}x{arguments[1]}"));
        table.Add("pdf_image_size_range", static (scan, arguments) => scan.Pdf.Sizes.Any(size => InRange(size, arguments)));
        table.Add(
            "pdf_match_md5",
            static (scan, arguments) => scan.Pdf.Digests.Contains(arguments[0]?.ToUpperInvariant() ?? ""));
        table.Add(
            "pdf_match_fuzzy_md5",
            static (scan, arguments) => scan.Pdf.FuzzyDigests.Contains(arguments[0]?.ToUpperInvariant() ?? ""));
        table.Add("pdf_match_details", static (scan, arguments) => arguments[1] is { } pattern
            && scan.Pdf.Details.TryGetValue(arguments[0]!, out var values)
            && values.Any(v => EvalPatterns.GetDelimited(pattern).IsMatch(v, scan.Steps)));
        table.Add("pdf_is_encrypted", static (scan, _) => scan.Pdf.IsEncrypted);
        table.Add("pdf_is_empty_body", static (scan, arguments) => scan.Pdf.Files > 0
            && scan.Body.Skip(1).Where(l => !Text.PerlSpace.IsBlank(l)).Sum(l => l.Length) <= (arguments.Number(0) ?? 0));
    }

    private static bool Within(double? value, EvalArguments arguments) =>
        value >= arguments.Number(0) && value <= (arguments.Number(1) ?? double.MaxValue);

    private static double? Ratio(MessageScan scan) =>
        scan.Pdf.Area is { } area && scan.Body.Sum(l => l.Length) is > 0 and var length ? length / area : null;

    private static bool InRange(string size, EvalArguments arguments)
    {
        var sides = size.Split('x').Select(s => double.Parse(s, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        return sides[0] >= arguments.Number(0) && sides[1] >= arguments.Number(1)
            && sides[0] <= (arguments.Number(2) ?? double.MaxValue) && sides[1] <= (arguments.Number(3) ?? double.MaxValue);
    }
}
