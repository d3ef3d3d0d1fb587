using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>One walk over all parts for the mime evals (Plugin/MIMEEval.pm, _check_attachments).</summary>
internal sealed class MimeFacts
{
    private static readonly PerlRegex _asciiName = new(
        "(?:us-ascii|ansi_x3\\.4-1968|iso-ir-6|ansi_x3\\.4-1986|iso_646\\.irv:1991|ascii|iso646-us|us|ibm367|cp367|csascii)");
    private static readonly PerlRegex _attachmentOrInline = new("^(?:attachment|inline)");
    private static readonly PerlRegex _isoName = new("iso-\\S+-\\S+\\b", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _knownIso = new("iso-(?:8859-\\d{1,2}|2022-(?:jp|kr))\\b");
    private static readonly PerlRegex _letter = new("[a-z]", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _needlessQuote = new("=(?:09|3[0-9ABCEF]|[2456][0-9A-F]|7[0-9A-E])");
    private static readonly PerlRegex _trailingQuote = new("((?:=09|=20)+)\\s*$");
    private static readonly PerlRegex _entity = new("&#x[0-9A-F]{4};");

    private readonly HashSet<string> _flags = new(StringComparer.Ordinal);
    private readonly List<(string Type, int Bytes)> _counted = [];
    private int _quotedBytes;
    private int _needlessQuotes;
    private int _normal;
    private int _entities;
    private bool _isAlternative;

    private MimeFacts(MessageScan scan)
    {
        foreach (var part in scan.Message.Walk())
        {
            Read(part, scan);
        }

        if (_quotedBytes > 0)
        {
            SetFlag("mime_qp_count", _needlessQuotes > 0);
        }

        SetFlag("mime_multipart_alternative", _isAlternative);
        SetFlag("mime_missing_boundary", scan.Message.OpenBoundaries.Values.Any(open => open != 0));
    }

    public int HtmlParts { get; private set; }

    public int TextParts { get; private set; }

    public int IllegalAsciiLines { get; private set; }

    public List<string> Charsets { get; } = [];

    /// <summary>The share of the octets of quoted-printable text that needed no quoting.</summary>
    public double QuotedRatio => _quotedBytes == 0 ? 0 : _needlessQuotes / (double)_quotedBytes;

    public double UnicodeRatio => _normal == 0 ? 0 : _entities / (double)_normal;

    /// <summary>
    /// Size of the plain text divided by that of the HTML in a multipart/alternative, the last part of each; 1 without both.
    /// </summary>
    public double MultipartRatio
    {
        get
        {
            var html = _counted.FindLast(p => p.Type == "text/html");
            var text = _counted.FindLast(p => p.Type == "text/plain");
            return _isAlternative && html.Type is not null && text.Type is not null && html.Bytes > 0 ? text.Bytes / (double)html.Bytes : 1;
        }
    }

    public static MimeFacts Of(MessageScan scan) => scan.Remember("mime_facts", () => new MimeFacts(scan));

    public bool Flag(string name) => _flags.Contains(name);

    private void SetFlag(string name, bool on)
    {
        _ = on ? _flags.Add(name) : _flags.Remove(name);
    }

    private void Read(MimeNode part, MessageScan scan)
    {
        var type = part.ParseContentType();
        _isAlternative |= type.Type == "multipart/alternative";
        var encoding = part.Header("content-transfer-encoding").ToLowerInvariant();
        var disposition = part.Header("content-disposition").ToLowerInvariant();
        var charset = type.Charset?.ToLowerInvariant();
        ReadHeader(type.Type, encoding, disposition, charset ?? "", scan);
        if (part.IsLeaf)
        {
            ReadLines(part.Raw ?? [], type.Type, encoding, disposition, charset);
        }
    }

    private void ReadHeader(string type, string encoding, string disposition, string charset, MessageScan scan)
    {
        var isText = type.StartsWith("text", StringComparison.Ordinal);
        HtmlParts += type == "text/html" ? 1 : 0;
        TextParts += isText && type != "text/html" ? 1 : 0;
        SetIf("mime_body_html_count", HtmlParts > 0);
        SetIf("mime_body_text_count", TextParts > 0);
        var isBase64 = encoding.Contains("base64", StringComparison.Ordinal);
        SetIf("mime_base64_count", isBase64);
        SetIf("mime_qp_count", !isBase64 && encoding.Contains("quoted-printable", StringComparison.Ordinal));
        SetIf("mime_attachment", disposition.Contains("attachment", StringComparison.Ordinal));
        SetIf(
            "mime_base64_encoded_text",
            isText && isBase64 && (charset.Length == 0 || _asciiName.IsMatch(charset)) && !_attachmentOrInline.IsMatch(disposition));
        SetIf("mime_bad_iso_charset", _isoName.IsMatch(charset) && !_knownIso.IsMatch(charset));
        if (_letter.IsMatch(charset))
        {
            Charsets.AddRange(charset.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            SetIf("mime_faraway_charset", !Locales.AllowsAll(scan) && !Locales.IsOk(charset, scan));
        }
    }

    private void SetIf(string name, bool on)
    {
        if (on)
        {
            _flags.Add(name);
        }
    }

    private void ReadLines(List<string> lines, string type, string encoding, string disposition, string? charset)
    {
        var isAttachment = disposition.Contains("attachment", StringComparison.Ordinal);
        if (!isAttachment)
        {
            _counted.Add((type, _isAlternative && type is ("text/plain" or "text/html") ? lines.Sum(l => l.Length) : 0));
        }

        var isQuoted = encoding == "quoted-printable";
        var isPlain = type == "text/plain";
        var isAscii = isPlain && charset is (null or "us-ascii");
        var isUnencoded = isPlain && encoding is ("" or "7bit" or "8bit");
        foreach (var line in isQuoted || isAscii || isUnencoded ? lines : [])
        {
            if (isQuoted && !line.StartsWith("SPAM: ", StringComparison.Ordinal))
            {
                ReadQuoted(line);
            }

            if (isAscii && line.Any(c => c is '\0' or '\r' || Octets.IsHigh(c)))
            {
                IllegalAsciiLines++;
            }

            if (isUnencoded)
            {
                var entities = line.Contains("&#x", StringComparison.Ordinal) ? _entity.Matches(line).Count() : 0;
                _entities += entities;
                _normal += line.Length - (entities * 8);
            }
        }
    }

    /// <summary>RFC 5322 §2.1.1: 78 characters a line.</summary>
    private void ReadQuoted(string line)
    {
        SetIf("mime_qp_long_line", line.Length > 79);
        _quotedBytes += line.Length;
        if (!line.Contains('='))
        {
            return;
        }

        var needless = _needlessQuote.Matches(line).Count();
        _needlessQuotes += needless;
        if (needless > 0 && _trailingQuote.Match(line) is { Success: true } trailing)
        {
            _needlessQuotes -= trailing.Groups[1].Length / 3;
        }
    }
}
