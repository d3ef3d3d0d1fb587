using System.IO.Compression;
using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Attachments;

/// <summary>What the office documents of a message hold: macros, embedded objects, links (Plugin/OLEVBMacro.pm).</summary>
internal sealed class OfficeFacts
{
    private const int MaxMhtml = 5;
    private const int MaxLinks = 10;

    private static readonly PerlRegex _typeName = new("name\\s*=\\s*[\"']?([^\"';]*)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _fileName = new("filename\\s*=\\s*[\"']?([^\"';]*)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _csv = new("\\.csv$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _rtf = new("^word/.{1,50}\\.rtf\\b");
    private static readonly PerlRegex _relation = new("Relationship\\s");
    private static readonly PerlRegex _outside = new(
        "Target=\"([^\"]*)\".*?TargetMode=\"External\"", RegexOptions.IgnoreCase | RegexOptions.Singleline);

    private static readonly PerlRegex _mhtml = new(
        "^MHTML:(?:&#x48;&#x54;&#x50;&#x3a;&#x5c;&#x5c;&#x31;&|https?://)", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _web = new("^(?:mhtml:)?(https?://.*)$", RegexOptions.IgnoreCase | RegexOptions.Singleline);

    private static readonly HashSet<string> _macroFiles = new(StringComparer.Ordinal)
    {
        "word/vbaproject.bin", "macros/vba/_vba_project", "xl/vbaproject.bin", "_vba_project_cur/vba/_vba_project", "ppt/vbaproject.bin",
    };

    private readonly OfficeSettings _settings;
    private readonly ZipMembers _zip = new();

    private OfficeFacts(OfficeSettings settings) => _settings = settings;

    public bool HasMacro { get; private set; }

    public bool HasObject { get; private set; }

    public bool HasRtfObject { get; private set; }

    public bool HasCsvCommand { get; private set; }

    /// <summary>Whether a macro runs when the document is opened.</summary>
    public bool IsMalicious { get; private set; }

    /// <summary>Whether the name of a file hides that it is an office document.</summary>
    public bool IsRenamed { get; private set; }

    public bool IsEncrypted { get; private set; }

    public bool HasPassword { get; private set; }

    public bool LoadsProgram { get; private set; }

    /// <summary>Links to outside that a document follows by itself.</summary>
    public HashSet<string> Links { get; } = new(StringComparer.Ordinal);

    public HashSet<string> MhtmlLinks { get; } = new(StringComparer.Ordinal);

    /// <summary>Looks into attachments until their share of the message's budget is used up.</summary>
    public static OfficeFacts Of(SpamMessage message, OfficeSettings settings, BudgetShare share)
    {
        var facts = new OfficeFacts(settings);
        share.Run(() => facts.Read(message));
        return facts;
    }

    private void Read(SpamMessage message)
    {
        var looked = 0;
        foreach (var part in message.Leaves())
        {
            if (_settings.IsSkippedType(part.Type) || NameOf(part) is not { Length: > 0 } name || _settings.IsSkipped(name)
                || Data(part) is not { Length: > 0 } data)
            {
                continue;
            }

            Csv(name, data);
            if (Look(name, data, depth: 0) && ++looked >= _settings.MaxParts)
            {
                break;
            }
        }
    }

    /// <summary>Inspects a file by its name; false if files of that name are not inspected.</summary>
    private bool Look(string name, string data, int depth)
    {
        if (_settings.IsArchive(name))
        {
            Archive(name, data, depth);
        }
        else if (_settings.IsMacroDocument(name))
        {
            HasMacro = true;
            IsEncrypted |= OfficeMarkers.IsEncrypted(data);
            NewDocument(name, data);
            Download(data);
        }
        else if (_settings.IsDocument(name))
        {
            Document(name, data);
            Download(data);
        }
        else if (_settings.IsExtended)
        {
            if (Document(name, data) | OfficeMarkers.IsCompound(data))
            {
                IsRenamed = true;
                Download(data);
            }

            Archive(name, data, depth);
        }
        else
        {
            return false;
        }

        return true;
    }

    private bool Document(string name, string data)
    {
        var isEncrypted = OfficeMarkers.IsEncrypted(data);
        var hasMacro = OfficeMarkers.HasMacro(data);
        IsEncrypted |= isEncrypted;
        HasMacro |= hasMacro;
        IsMalicious |= hasMacro && OfficeMarkers.RunsByItself(data);
        return NewDocument(name, data) | isEncrypted | hasMacro;
    }

    private void Download(string data) => LoadsProgram |= OfficeMarkers.HasProgramLink(data) || _settings.HasDownload(data);

    private void Csv(string name, string data) => HasCsvCommand |= _csv.IsMatch(name) && OfficeMarkers.RunsCommand(data);

    private void Archive(string name, string data, int depth)
    {
        if (_settings.MaxMembers == 0 || depth + 1 > _settings.MaxDepth || ZipMembers.Open(name, data) is not { } members)
        {
            return;
        }

        var looked = 0;
        foreach (var member in members)
        {
            var inner = Octets.FromUnicode(member.FullName);
            if (_settings.IsSkipped(inner))
            {
                continue;
            }

            if (member.IsEncrypted)
            {
                HasMacro |= _settings.IsMacroDocument(inner);
                HasPassword = true;
                continue;
            }

            if (IsOfInterest(inner) && LookInside(member, inner, depth + 1) && ++looked >= _settings.MaxMembers)
            {
                break;
            }
        }
    }

    private bool IsOfInterest(string name) => _settings.IsExtended || _csv.IsMatch(name) || _settings.IsArchive(name)
        || _settings.IsMacroDocument(name) || _settings.IsDocument(name);

    private bool LookInside(ZipArchiveEntry member, string name, int depth)
    {
        var data = _zip.Read(member) ?? "";
        Csv(name, data);
        return Look(name, data, depth);
    }

    /// <summary>Inspects a document of Office 2007 or later, which is a ZIP archive; false if the data is not such a document.</summary>
    private bool NewDocument(string name, string data)
    {
        if (ZipMembers.Open(name, data) is not { } members)
        {
            return false;
        }

        var (isDocument, hasProject) = (false, false);
        foreach (var member in members)
        {
            var lower = member.FullName.ToLowerInvariant();
            var (project, embedded, rtf) = (
                _macroFiles.Contains(lower), lower.StartsWith("xl/embeddings/", StringComparison.Ordinal), _rtf.IsMatch(lower));
            (hasProject, HasObject, HasRtfObject) = (hasProject || project, HasObject || embedded, HasRtfObject || rtf);
            isDocument |= project || embedded || rtf;
        }

        HasMacro |= hasProject;
        if (members.Find(m => m.FullName == "[Content_Types].xml") is { } types)
        {
            isDocument = true;
            HasMacro = HasMacro || OfficeMarkers.HasMacroType(_zip.Read(types) ?? "");
        }

        foreach (var relations in members.Where(m => m.FullName.Contains(".rels", StringComparison.Ordinal)))
        {
            isDocument |= Relations(_zip.Read(relations) ?? "");
        }

        IsMalicious = IsMalicious || (hasProject && members.Where(m => m.FullName.Contains(".bin", StringComparison.Ordinal))
            .Any(m => OfficeMarkers.RunsByItself(_zip.Read(m) ?? "")));
        return isDocument;
    }

    private bool Relations(string text)
    {
        var at = 0;
        foreach (var end in _relation.Matches(text).Select(m => m.Index + m.Length).Append(text.Length))
        {
            if (_outside.Match(text[at..end]) is { Success: true } match)
            {
                Link(match.Groups[1].Value);
            }

            at = end;
        }

        return text.Length > 0;
    }

    private void Link(string uri)
    {
        if (_mhtml.IsMatch(uri) && MhtmlLinks.Count < MaxMhtml)
        {
            MhtmlLinks.Add(uri);
        }

        if (_web.Match(uri) is { Success: true } web && Links.Count < MaxLinks)
        {
            Links.Add(web.Groups[1].Value);
        }
    }

    /// <summary>
    /// The file name of a part in base64 or quoted-printable (Util.pm, get_part_details); null for a part in another encoding.
    /// </summary>
    private string? NameOf(MimeNode part)
    {
        if (part.Headers("content-type").Count == 0
            || part.Header("content-transfer-encoding").ToLowerInvariant() is not ("base64" or "quoted-printable"))
        {
            return null;
        }

        static string Named(PerlRegex form, string header) =>
            form.Match(header) is { Success: true } match ? PerlSpace.TrimEnd(match.Groups[1].Value) : "";
        var type = Named(_typeName, part.Header("content-type"));
        var disposition = Named(_fileName, part.Header("content-disposition"));
        return disposition.Length == 0 || (type.Length > 0 && !_settings.PrefersDisposition) ? type : disposition;
    }

    private string Data(MimeNode part)
    {
        var data = part.DecodedBody();
        return data.Length > _settings.MaxOctets ? data[..(int)Math.Max(0, _settings.MaxOctets)] : data;
    }
}
