namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Recognises machine reports about many messages that administrators have asked for: DMARC aggregates (RFC 7489
/// §7.2.1.1) and TLS reports (RFC 8460 §5.3).
/// </summary>
internal static class MachineReport
{
    /// <summary>Whether the message is such a report, judged by its own parts: a bounce may return one that we sent.</summary>
    public static bool Is(BounceContent content)
    {
        foreach (var part in content.Parts)
        {
            if (ReturnedReader.IsCarrier(part))
            {
                return false;
            }

            if (part.Type.MediaType.StartsWith("application/tlsrpt", StringComparison.Ordinal) || part.Type.ReportType == "tlsrpt"
                || IsAggregate(part.FileName))
            {
                return true;
            }
        }

        return false;
    }

    // RFC 7489 §7.2.1.1: receiver "!" policy-domain "!" begin "!" end, then .xml, .xml.gz or .zip.
    private static bool IsAggregate(string? name) =>
        name is not null && name.AsSpan().Count('!') >= 3
        && (
        name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || name.EndsWith(
            ".zip", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".xml", StringComparison.OrdinalIgnoreCase));
}
