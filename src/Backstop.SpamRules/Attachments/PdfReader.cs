using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Attachments;

/// <summary>
/// Reads one PDF file line by line; objects are not followed and streams not unpacked, so nothing in it can loop or swell.
/// </summary>
internal sealed class PdfReader(PdfFacts facts)
{
    private const int MagicWithin = 1024;
    private const int FuzzyLines = 70;
    private const int MaxUris = 20;

    private static readonly string _byteOrderMark = Octets.FromBytes([0xEF, 0xBB, 0xBF]);
    private static readonly PerlRegex _magic = new("^%PDF-(\\d\\.\\d)");
    private static readonly PerlRegex _varying = new(
        "^/(?:Height|Width|(?:(?:Media|Crop)Box))|^\\d+\\s+\\d+\\s+\\d+\\s+\\d+\\s+\\d+\\s+\\d+\\s+cm$");
    private static readonly PerlRegex _scaled = new("^(\\d+)\\s+\\d+\\s+\\d+\\s+(\\d+)\\s+\\d+\\s+\\d+\\s+cm$");
    private static readonly PerlRegex _oneSide = new("^/(?:Width|Height)\\s\\d");
    private static readonly PerlRegex _bothSides = new("/Width\\s(\\d+)/Height\\s(\\d+)");
    private static readonly PerlRegex _key = new("^/([A-Za-z]+)");
    private static readonly PerlRegex _uri = new(
        "(?:/S\\s{0,2}/URI\\s{0,2}|^\\s*)/URI\\s{0,2}" + PdfStrings.Pattern + "|\\((https?://.{8,256})\\)>>");

    private static readonly (string Key, string Kind, string Tag, PerlRegex Form)[] _properties =
    [
        ("/Author", "author", "PDFAUTHOR", new("/Author\\s{0,2}" + PdfStrings.Pattern)),
        ("/Creator", "creator", "PDFCREATOR", new("/Creator\\s{0,2}" + PdfStrings.Pattern)),
        ("/CreationDate", "created", "", new("/CreationDate\\s{0,2}\\(D:(\\d+)")),
        ("/ModDate", "modified", "", new("/ModDate\\s{0,2}\\(D:(\\d+)")),
        ("/Producer", "producer", "PDFPRODUCER", new("/Producer\\s{0,2}" + PdfStrings.Pattern)),
        ("/Title", "title", "PDFTITLE", new("/Title\\s{0,2}" + PdfStrings.Pattern)),
    ];

    private readonly StringBuilder _fuzzy = new();
    private readonly StringBuilder _keys = new();
    private readonly HashSet<string> _uris = new(StringComparer.Ordinal);
    private double _height;
    private double _width;
    private double _area;
    private int _lines;
    private bool _isFuzzyDone;
    private bool _sawImage;

    public static string Number(double value) => value.ToString("0.##############", CultureInfo.InvariantCulture);

    public void Read(MimeNode part)
    {
        var data = part.DecodedBody();
        data = data.StartsWith(_byteOrderMark, StringComparison.Ordinal) ? data[_byteOrderMark.Length..] : data;
        if (Version(data) is not { } version)
        {
            return;
        }

        // Lines are copied, and the whole is digested.
        MessageBudget.Charge(data.Length);
        facts.Tag("PDFVERSION", version);
        if (part.Name is { Length: > 0 } name)
        {
            facts.Tag("PDFNAME", name);
            facts.Names.Add(name);
        }

        foreach (var line in data.AsSpan().Split('\n'))
        {
            if (line.End.Value > line.Start.Value)
            {
                Line(data[line]);
            }
        }

        facts.Total(_height, _width, _area);
        Digest(data);
    }

    /// <summary>The last of the signatures that begin in the first 1024 octets counts.</summary>
    private static string? Version(string data)
    {
        var head = data[..Math.Min(data.Length, MagicWithin + "%PDF-1.0".Length)];
        for (var at = head.Length; at > 0 && (at = head.LastIndexOf("%PDF-", at - 1, StringComparison.Ordinal)) >= 0;)
        {
            if (_magic.Match(head[at..]) is { Success: true } match)
            {
                return match.Groups[1].Value;
            }
        }

        return null;
    }

    private void Line(string line)
    {
        if (!_isFuzzyDone && ++_lines < FuzzyLines)
        {
            if (!line.StartsWith('%') && !_varying.IsMatch(line))
            {
                line = PerlSpace.TrimEnd(line);
                _fuzzy.Append(line);
            }

            // The digest is of what stands in front of the first stream.
            _isFuzzyDone = line.Contains("stream", StringComparison.Ordinal);
        }

        _sawImage |= line.Contains("/Image", StringComparison.Ordinal);
        if (line.StartsWith("/Encrypt", StringComparison.Ordinal))
        {
            facts.Encrypted();
        }

        if (_sawImage)
        {
            Image(line);
        }

        if (line.Contains('/'))
        {
            _keys.Append(_key.Match(line) is { Success: true } key ? key.Groups[1].Value : "");
            if (Uri(line))
            {
                Properties(line);
            }
        }
    }

    private void Image(string line)
    {
        var scaled = _scaled.Match(line);
        var both = scaled.Success || _oneSide.IsMatch(line) ? Match.Empty : _bothSides.Match(line);
        if (!scaled.Success && !both.Success)
        {
            return;
        }

        var (width, height) = scaled.Success
            ? (scaled.Groups[1].Value, scaled.Groups[2].Value)
            : (both.Groups[1].Value, both.Groups[2].Value);
        if (width == "0" || height == "0")
        {
            return;
        }

        var (w, h) = (double.Parse(width, CultureInfo.InvariantCulture), double.Parse(height, CultureInfo.InvariantCulture));
        (_width, _height, _area) = (_width + w, _height + h, _area + (w * h));
        (_isFuzzyDone, _sawImage) = (true, false);
        facts.Image(height, width);
    }

    /// <summary>
    /// Adds the link that the line contains, if any. False if its target is not a URI: the rest of the line is then ignored.
    /// </summary>
    private bool Uri(string line)
    {
        if (_uris.Count >= MaxUris || !(line.Contains("/URI", StringComparison.Ordinal) || line.Contains("(http", StringComparison.Ordinal))
            || _uri.Match(line) is not { Success: true } match)
        {
            return true;
        }

        var text = match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value;
        if (text.IndexOf('.', StringComparison.Ordinal) <= 0)
        {
            return false;
        }

        var uri = PdfStrings.Parse(text);
        if (uri.IndexOf('.', StringComparison.Ordinal) <= 0 || uri.Contains('\0'))
        {
            return false;
        }

        if (_uris.Add(uri))
        {
            facts.Uris.Add(uri);
        }

        return true;
    }

    private void Properties(string line)
    {
        foreach (var (key, kind, tag, form) in _properties)
        {
            if (line.Contains(key, StringComparison.Ordinal) && form.Match(line) is { Success: true } match)
            {
                var value = PdfStrings.Parse(match.Groups[1].Value);
                facts.Detail(kind, value);
                if (tag.Length > 0)
                {
                    facts.Tag(tag, value);
                }
            }
        }
    }

    private void Digest(string data)
    {
        var (fuzzy, keys) = (Md5(_fuzzy.ToString()), Md5(_keys.ToString()));
        facts.Digests.Add(Md5(data));
        facts.FuzzyDigests.UnionWith(new[] { fuzzy, keys }.Where(d => d.Length > 0));

        // SpamAssassin 4.0.1 fills the tag of the digest with the fuzzy one.
        facts.Tag("PDFMD5", fuzzy);
        facts.Tag("PDFMD5FUZZY1", fuzzy);
        facts.Tag("PDFMD5FUZZY2", keys);
    }

    private static string Md5(string octets)
    {
#pragma warning disable CA5351 // Rules name files by MD5; nothing rests on its resistance to collisions.
        return octets.Length == 0 ? "" : Convert.ToHexString(MD5.HashData(Octets.ToBytes(octets)));
#pragma warning restore CA5351
    }
}
