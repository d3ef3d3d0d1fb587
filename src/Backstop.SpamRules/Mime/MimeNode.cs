using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Mime;

/// <summary>One part of a message, or the message: its header fields, its lines, and its text when it has some.</summary>
internal class MimeNode
{
    private static readonly PerlRegex _htmlName = new("\\.s?html?$", RegexOptions.IgnoreCase);

    private readonly Dictionary<string, List<string>> _decoded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _raw = new(StringComparer.Ordinal);
    private string? _decodedBody;
    private RenderedPart? _rendered;
    private string? _contentTypeOf;
    private ContentTypeLine _contentType;

    /// <summary>Names in the order and the spelling in which they came.</summary>
    public List<string> HeaderOrder { get; } = [];

    public string Type { get; set; } = "text/plain";

    public string? Charset { get; set; }

    public string? Name { get; set; }

    /// <summary>The lines of the body as they came; null for a part whose content became a part of its own.</summary>
    public List<string>? Raw { get; set; }

    /// <summary>The parts of a multipart or of an attached message; null for a leaf.</summary>
    public List<MimeNode>? Parts { get; set; }

    public bool IsLeaf => Parts is null;

    /// <summary>The type, or text/html where the file name says so.</summary>
    public string EffectiveType => Name is not null && _htmlName.IsMatch(Name) ? "text/html" : Type;

    public void AddHeader(string name, string rawValue)
    {
        var key = name.ToLowerInvariant();
        HeaderOrder.Add(name);
        if (!_raw.TryGetValue(key, out var raws))
        {
            _raw[key] = raws = [];
            _decoded[key] = [];
        }

        raws.Add(rawValue);
        _decoded[key].Add(HeaderDecoding.Decode(Unfold(rawValue).Trim(' ', '\t', '\n', '\r', '\f', '\v'), key));
    }

    /// <summary>Removes every field whose name has this prefix, so that the scan never sees an older filter's marks.</summary>
    public void RemoveHeaders(string prefix)
    {
        foreach (var key in _raw.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).ToList())
        {
            _raw.Remove(key);
            _decoded.Remove(key);
        }

        HeaderOrder.RemoveAll(name => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Decoded bodies without line end; empty when absent.</summary>
    public IReadOnlyList<string> Headers(string name) => _decoded.TryGetValue(name.ToLowerInvariant(), out var values) ? values : [];

    /// <summary>The last of that name, empty when absent.</summary>
    public string Header(string name) => Headers(name) is { Count: > 0 } values ? values[^1] : "";

    /// <summary>Bodies as they came, folds and line ends included.</summary>
    public IReadOnlyList<string> RawHeaders(string name) => _raw.TryGetValue(name.ToLowerInvariant(), out var values) ? values : [];

    public ContentTypeLine ParseContentType()
    {
        // Asked several times while a message is taken apart.
        var header = Header("content-type");
        if (!ReferenceEquals(header, _contentTypeOf))
        {
            (_contentTypeOf, _contentType) = (header, ContentTypeLine.Parse(header));
        }

        return _contentType;
    }

    /// <summary>This part and those below, depth first, the part before its own.</summary>
    public IEnumerable<MimeNode> Walk()
    {
        var stack = new Stack<MimeNode>();
        stack.Push(this);
        while (stack.TryPop(out var node))
        {
            yield return node;
            for (var i = (node.Parts?.Count ?? 0) - 1; i >= 0; i--)
            {
                stack.Push(node.Parts![i]);
            }
        }
    }

    public IEnumerable<MimeNode> Leaves() => Walk().Where(node => node.IsLeaf);

    /// <summary>The body without its transfer encoding, as octets.</summary>
    public string DecodedBody() => _decodedBody ??= DecodeBody();

    public void ForgetBody()
    {
        Raw = null;
        _decodedBody = "";
    }

    public RenderedPart Rendered() => _rendered ??= RenderedPart.Of(this);

    private string DecodeBody()
    {
        var raw = Raw is null ? "" : string.Concat(Raw);
        return Header("content-transfer-encoding").ToLowerInvariant() switch
        {
            "quoted-printable" => TransferDecoding.QuotedPrintable(raw).Replace("\r\n", "\n", StringComparison.Ordinal),
            "base64" when IsTextOrMessage() => TransferDecoding.Base64(raw).Replace("\r\n", "\n", StringComparison.Ordinal),
            "base64" => TransferDecoding.Base64(raw),
            _ => raw,
        };
    }

    private bool IsTextOrMessage() =>
        Type.StartsWith("text/", StringComparison.Ordinal) || Type.StartsWith("message/", StringComparison.Ordinal);

    /// <summary>Unfolds a body: a line end and the blanks behind it become one space.</summary>
    private static string Unfold(string value)
    {
        if (!value.AsSpan(0, Math.Max(0, value.Length - 1)).Contains('\n'))
        {
            return value;
        }

        var unfolded = new System.Text.StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\n' && i + 1 < value.Length && value[i + 1] is ' ' or '\t')
            {
                unfolded.Append(' ');
                while (i + 1 < value.Length && value[i + 1] is ' ' or '\t')
                {
                    i++;
                }
            }
            else
            {
                unfolded.Append(value[i]);
            }
        }

        return unfolded.ToString();
    }
}
