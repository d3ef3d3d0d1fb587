using System.Text;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>Splits a multipart at its boundary lines (Message.pm, _parse_multipart), malformed ones as SpamAssassin reads them.</summary>
internal sealed class MultipartParser
{
    private const int MaxParts = 1000;
    private const int MaxLineLength = 2048;

    private static readonly PerlRegex _strictName = new("^[!-9;-~]+:");
    private static readonly PerlRegex _name = new("^[!-9;-~]+[ \\t]*:");

    private readonly SpamMessage _message;
    private readonly PendingPart _pending;
    private readonly string _delimiter;
    private readonly string _boundary;
    private readonly Queue<PendingPart> _queue;

    private MimeNode _part = new();
    private List<string>? _lines;
    private StringBuilder? _field;
    private bool _inBody;
    private bool _nestedBoundary;

    private MultipartParser(SpamMessage message, PendingPart pending, Queue<PendingPart> queue)
    {
        (_message, _pending, _queue) = (message, pending, queue);
        _boundary = pending.Boundary!;
        _delimiter = "--" + _boundary;
    }

    public static void Split(SpamMessage message, PendingPart pending, Queue<PendingPart> queue) =>
        new MultipartParser(message, pending, queue).Run();

    private void Run()
    {
        _pending.Node.Parts = [];
        var lines = _pending.Lines;
        var first = FindStart(lines);
        var count = 0;
        for (var i = first; i < lines.Count; i++)
        {
            var (isEnd, isLast) = Delimiter(lines[i]);
            if (isEnd && _nestedBoundary)
            {
                isEnd = false;
                _nestedBoundary &= !isLast;
            }

            if (i == lines.Count - 1 || isEnd)
            {
                EndPart(lines[i], isEnd);
                if (isEnd && isLast)
                {
                    _message.OpenBoundaries[_boundary] = _message.OpenBoundaries.GetValueOrDefault(_boundary) - 1;
                    FlagEpilogue(lines, i);
                    return;
                }

                if (i + 1 < lines.Count && !_strictName.IsMatch(lines[i + 1]))
                {
                    _message.Flags.Add("missing_mime_headers");
                }

                if (++count == MaxParts)
                {
                    _message.Flags.Add("mimepart_limit_exceeded");
                    return;
                }

                (_part, _lines, _field, _inBody) = (new MimeNode(), null, null, false);
            }
            else if (_inBody || !TakeHeaderLine(lines[i]))
            {
                AddLine(lines[i]);
            }
        }
    }

    private int FindStart(List<string> lines)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].StartsWith(_delimiter, StringComparison.Ordinal) && IsBlank(lines[i].AsSpan(_delimiter.Length)))
            {
                _message.OpenBoundaries[_boundary] = 1;
                if (i + 1 < lines.Count && !_strictName.IsMatch(lines[i + 1]))
                {
                    _message.Flags.Add("missing_mime_headers");
                }

                return i + 1;
            }
        }

        return 0;
    }

    /// <summary>Takes a line of the part's header, or the empty line behind it; false for any other line.</summary>
    private bool TakeHeaderLine(string line)
    {
        if (_name.IsMatch(line))
        {
            FlushField(watchNesting: false);
            _field = new StringBuilder(line);
            return true;
        }

        if (line[0] is ' ' or '\t' && _field is not null)
        {
            _field.Append(line);
            return true;
        }

        FlushField(watchNesting: true);
        _inBody = true;
        if (line is "\n" or "\r\n" or "\r" or "")
        {
            return true;
        }

        _message.Flags.Add("missing_mime_head_body_separator");
        return false;
    }

    private void FlushField(bool watchNesting)
    {
        if (_field is null)
        {
            return;
        }

        var text = _field.ToString();
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        _part.AddHeader(text[..colon], text[(colon + 1)..].TrimStart(' ', '\t', '\n', '\r', '\f', '\v'));
        if (watchNesting && text.AsSpan(0, colon).Equals("content-type", StringComparison.OrdinalIgnoreCase)
            && _part.ParseContentType().Boundary == _boundary)
        {
            _nestedBoundary = true;
        }
    }

    private void AddLine(string line)
    {
        _lines ??= [];
        var at = 0;
        for (; line.Length - at > MaxLineLength; at += MaxLineLength)
        {
            _lines.Add(string.Concat(line.AsSpan(at, MaxLineLength), "\n"));
        }

        _lines.Add(line[at..]);
    }

    private void EndPart(string line, bool isDelimiter)
    {
        if (!isDelimiter)
        {
            AddLine(line);
        }
        else if (_lines is { Count: > 0 })
        {
            _lines[^1] = _lines[^1].EndsWith('\n') ? _lines[^1][..^1] : _lines[^1];
            if (_lines[^1].Length == 0)
            {
                _lines.RemoveAt(_lines.Count - 1);
            }
        }

        var type = _part.ParseContentType();
        _part.Type = type.Missing && _pending.Node.Type == "multipart/digest" ? "message/rfc822" : type.Type;
        _queue.Enqueue(new PendingPart(
            _part, string.IsNullOrEmpty(type.Boundary) ? _boundary : type.Boundary, _lines ?? [], _pending.Depth - 1));
        _pending.Node.Parts!.Add(_part);
    }

    private void FlagEpilogue(List<string> lines, int end)
    {
        for (var i = end + 1; i < lines.Count; i++)
        {
            if (lines[i].Any(c => c != '.' && !PerlSpace.Is(c)))
            {
                _message.Flags.Add("mime_epilogue_exists");
                return;
            }
        }
    }

    private (bool IsEnd, bool IsLast) Delimiter(string line)
    {
        if (!line.StartsWith(_delimiter, StringComparison.Ordinal))
        {
            return (false, false);
        }

        var rest = line.AsSpan(_delimiter.Length);
        return IsBlank(rest) ? (true, false)
            : (rest.StartsWith("--") && IsBlank(rest[2..])) is var last && last ? (true, true)
            : (false, false);
    }

    private static bool IsBlank(ReadOnlySpan<char> text) => PerlSpace.IsBlank(text);
}
