using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>The header block and the queue of parts of a <see cref="SpamMessage"/>. Depth, parts and header sizes are bounded.</summary>
internal static class MessageParser
{
    public const int MaxDepth = 20;

    private const int MaxNameLength = 256;
    private const int MaxValueLength = 8192;
    private const int MaxHeaderErrors = 3;
    private const int MaxBlankLines = 20;

    private static readonly PerlRegex _fromLine = new("^From\\s(?:[^:]|\\z)");
    private static readonly PerlRegex _fieldName = new("^[!-9;-~]+[ \\t]*:");
    private static readonly PerlRegex _dispositionName = new("name=\\s*\"?([^\";]+)\"?", RegexOptions.IgnoreCase);

    public static SpamMessage Parse(string octets, int depth)
    {
        var queue = new Queue<PendingPart>();
        var message = ParseHead(octets, depth, queue);
        while (queue.TryDequeue(out var pending))
        {
            if (pending.Node.Type.StartsWith("multipart/", StringComparison.Ordinal) && pending.Boundary is not null && pending.Depth > 0)
            {
                MultipartParser.Split(message, pending, queue);
            }
            else
            {
                FinishLeaf(pending, queue);
            }
        }

        return message;
    }

    private static SpamMessage ParseHead(string octets, int depth, Queue<PendingPart> queue)
    {
        var lines = SplitLines(octets);
        var message = new SpamMessage();
        if (lines.Count == 0)
        {
            lines.Add("\n");
        }

        var next = 0;
        if (_fromLine.IsMatch(lines[0]))
        {
            message.MboxSeparator = lines[0];
            next = 1;
        }

        var first = next < lines.Count ? lines[next] : "";
        if (first.Contains("\r\n", StringComparison.Ordinal) || lines[^1].Contains("\r\n", StringComparison.Ordinal))
        {
            message.LineEnding = "\r\n";
        }

        var body = lines.GetRange(next = ReadHeader(message, lines, next), lines.Count - next);
        message.PristineBody = body.Count == 0 ? "" : octets[lines.Take(next).Sum(line => line.Length)..];
        if (message.LineEnding == "\r\n")
        {
            for (var i = 0; i < body.Count; i++)
            {
                body[i] = body[i].EndsWith("\r\n", StringComparison.Ordinal)
                    ? string.Concat(body[i].AsSpan(0, body[i].Length - 2), "\n")
                    : body[i];
            }
        }

        body = SquashBlankRuns(body);
        var type = message.ParseContentType();
        message.Type = type.Type;
        if (type.Type.StartsWith("multipart/", StringComparison.Ordinal) && body.Count > 1 && !IsBlank(body[0])
            && (type.Boundary is null || !body[0].StartsWith("--" + type.Boundary, StringComparison.Ordinal)))
        {
            body.Insert(0, "\n");
        }

        queue.Enqueue(new PendingPart(message, type.Boundary, body, depth));
        return message;
    }

    /// <summary>
    /// Reads fields up to the empty line, a MIME boundary, or the fourth line that is not a field; returns the first line of the body.
    /// </summary>
    private static int ReadHeader(SpamMessage message, List<string> lines, int next)
    {
        var squash = message.LineEnding == "\r\n";
        var pristine = new StringBuilder();
        StringBuilder? field = null;
        var errors = 0;
        for (; ; )
        {
            var atEnd = next >= lines.Count;
            var line = atEnd ? message.LineEnding : lines[next];
            if (squash && line.EndsWith('\n') && !line.EndsWith("\r\n", StringComparison.Ordinal))
            {
                line = line[..^1] + "\r\n";
            }

            if (line.Length > 0 && line[0] is ' ' or '\t')
            {
                (field ??= new StringBuilder()).Append(line);
                pristine.Append(line);
                next++;
                continue;
            }

            AddField(message, field?.ToString(), squash);
            if (line == message.LineEnding)
            {
                if (atEnd)
                {
                    message.Flags.Add("missing_head_body_separator");
                }
                else
                {
                    pristine.Append(line);
                    next++;
                }

                break;
            }

            if (line.StartsWith("--", StringComparison.Ordinal) || (!_fieldName.IsMatch(line) && ++errors > MaxHeaderErrors))
            {
                message.Flags.Add("missing_head_body_separator");
                break;
            }

            field = new StringBuilder(line);
            pristine.Append(line);
            next++;
        }

        message.PristineHeaders = pristine.ToString();
        return next;
    }

    private static void AddField(SpamMessage message, string? field, bool squash)
    {
        var colon = field?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon < 0)
        {
            return;
        }

        var name = field![..colon].TrimEnd(' ', '\t');
        var value = squash ? field[(colon + 1)..].Replace("\r\n", "\n", StringComparison.Ordinal) : field[(colon + 1)..];
        if (name.Length > MaxNameLength || value.Length > MaxValueLength)
        {
            message.Flags.Add("truncated_header");
            name = name[..Math.Min(name.Length, MaxNameLength)];
            value = value[..Math.Min(value.Length, MaxValueLength)];
        }

        message.AddHeader(name, value);
    }

    private static void FinishLeaf(PendingPart pending, Queue<PendingPart> queue)
    {
        var node = pending.Node;
        var type = node.ParseContentType();
        if (!type.Missing)
        {
            node.Type = !type.Type.StartsWith("multipart/", StringComparison.Ordinal) || pending.Boundary is not null
                ? type.Type
                : "text/plain";
        }

        node.Charset = type.Charset;
        var disposition = _dispositionName.Match(node.Header("content-disposition"));
        node.Name = disposition.Success ? disposition.Groups[1].Value : type.Name;
        node.Raw = pending.Lines;
        if (node.Type is "message/rfc822" or "message/global" && pending.Depth > 0 && node.DecodedBody() is { Length: > 0 } inner)
        {
            node.Parts = [ParseHead(inner, pending.Depth - 1, queue)];
            node.ForgetBody();
        }
    }

    /// <summary>Fields of an untouched header, folds included; the empty line behind them is one too.</summary>
    public static List<string> SplitFields(string headers)
    {
        var fields = new List<string>();
        var start = 0;
        for (var at = 0; at < headers.Length;)
        {
            var end = headers.IndexOf('\n', at) is var lf and >= 0 ? lf + 1 : headers.Length;
            if (end == headers.Length || headers[end] is not (' ' or '\t'))
            {
                fields.Add(headers[start..end]);
                start = end;
            }

            at = end;
        }

        return fields;
    }

    /// <summary>Lines with their line ends.</summary>
    public static List<string> SplitLines(string text)
    {
        var lines = new List<string>();
        var start = 0;
        while (start < text.Length)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }

    /// <summary>Runs of more than twenty blank lines keep the first and the last nineteen.</summary>
    private static List<string> SquashBlankRuns(List<string> lines)
    {
        var kept = new List<string>(lines.Count);
        var start = -1;
        for (var i = 0; i <= lines.Count; i++)
        {
            if (i < lines.Count && IsBlank(lines[i]))
            {
                start = start < 0 ? i : start;
                continue;
            }

            if (start >= 0)
            {
                var first = i - start > MaxBlankLines ? i - MaxBlankLines + 1 : start + 1;
                kept.Add(lines[start]);
                kept.AddRange(lines.GetRange(first, i - first));
                start = -1;
            }

            if (i < lines.Count)
            {
                kept.Add(lines[i]);
            }
        }

        return kept;
    }

    private static bool IsBlank(string line) => PerlSpace.IsBlank(line);
}

/// <summary>A part whose body is not yet read: its lines, and how deep it may still nest.</summary>
internal sealed record PendingPart(MimeNode Node, string? Boundary, List<string> Lines, int Depth);
