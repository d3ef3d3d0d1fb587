using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Evals;

/// <summary>Attachments that run, and those whose name does not go with their type (Plugin/AntiVirus.pm).</summary>
internal static class AttachmentEvals
{
    private static readonly PerlRegex _executableName = new(
        "\\.(?:ade|adp|asx|bas|bat|chm|cmd|com|cpl|crt|dll|exe|hlp|hta|inf|ins|isp|js|jse|lnk|mda|mdb|mde|mdt|mdw|mdz|msc|msi|msp|mst|n"
            + "ws|ops|pcd|pif|prf|reg|scf|scr?|"
        + "sct|shb|shs|shm|swf|url|vb|vbe|vbs|vbx|vxd|wsc|wsf|wsh)$");

    private static readonly PerlRegex _executableBase64 = new("^TV[opqr].A..[AB].[AQgw][A-H].A");
    private static readonly PerlRegex _executableUuencoded = new("^M35[GHIJK].`..`..*````");

    private static readonly (PerlRegex Name, PerlRegex Type)[] _pairs =
    [
        (new("^(?:txt|[px]?html?|xml)$"), new("^(?:text/(?:plain|[px]?html?|english|sgml|xml|enriched|richtext)|message/external-body)")),
        (new("^(?:jpe?g|tiff?|gif|png)$"), new("^(?:image/|application/mac-binhex)")),
        (new("^vcf$"), new("^text/vcard$")),
        (new("^(?:bat|com|exe|pif|scr|swf|vbs)$"), new("^application/")),
        (new("^doc$"), new("^application/.*word$")),
        (new("^ppt$"), new("^application/.*(?:powerpoint|ppt)$")),
        (new("^xls$"), new("^application/.*excel$")),
    ];

    private static readonly PerlRegex _vendor = new("/(x-|vnd\\.)");

    public static void Register(EvalTable table)
    {
        table.Add("check_microsoft_executable", static (scan, _) => scan.Message.Leaves().Any(IsExecutable));
        table.Add("check_suspect_name", static (scan, _) => scan.Message.Leaves().Any(IsMisnamed));
    }

    private static bool IsExecutable(Mime.MimeNode part)
    {
        var type = part.ParseContentType();
        var lines = part.Raw ?? [];
        return _executableName.IsMatch(type.Name?.ToLowerInvariant() ?? "")
            || (part.Header("content-transfer-encoding").Contains("base64", StringComparison.OrdinalIgnoreCase)
                ? lines.Count > 0 && _executableBase64.IsMatch(lines[0])
                : type.Type.StartsWith("text", StringComparison.Ordinal) && lines.Exists(l =>
                l.StartsWith('M') && _executableUuencoded.IsMatch(l)));
    }

    private static bool IsMisnamed(Mime.MimeNode part)
    {
        var type = part.ParseContentType();
        if (string.IsNullOrEmpty(type.Name) || type.Type == "application/octet-stream")
        {
            return false;
        }

        var extension = type.Name[(type.Name.LastIndexOf('.') + 1)..].ToLowerInvariant();
        var plain = _vendor.Replace(type.Type, "/");
        return Array.Exists(_pairs, p => p.Name.IsMatch(extension) && !p.Type.IsMatch(plain));
    }
}
