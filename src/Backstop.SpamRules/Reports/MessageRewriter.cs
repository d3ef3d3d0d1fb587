using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Reports;

/// <summary>
/// A message as SpamAssassin hands it on: <c>X-Spam-*</c> fields, a tag in the subject, and spam wrapped in a report when report_safe
/// says so (PerMsgStatus.pm, rewrite_mail). All texts are octets.
/// </summary>
internal sealed class MessageRewriter(SpamReport report)
{
    private static readonly PerlRegex _fold = new("\\s*\\n\\s*");
    private static readonly PerlRegex _taggedField = new("^(From|Subject|To):", RegexOptions.IgnoreCase);

    private readonly SpamSettings _settings = report.Rules.Settings;
    private readonly SpamMessage _message = report.Scan.Message;

    public string Rewrite() => (_message.MboxSeparator ?? "") + (report.IsSpam && _settings.ReportSafe > 0 ? Wrapped() : WithFields());

    /// <summary>The header block alone, for a client that keeps the body.</summary>
    public string RewriteHeader()
    {
        var rewritten = Rewrite();
        var end = rewritten.IndexOf(_message.LineEnding + _message.LineEnding, StringComparison.Ordinal);
        return end < 0 ? rewritten : rewritten[..(end + (2 * _message.LineEnding.Length))];
    }

    /// <summary>Only the fields that are added.</summary>
    public string AddedFields() => AddedFields(report.IsSpam ? _settings.SpamHeaders : _settings.HamHeaders);

    private string WithFields()
    {
        var fields = MessageParser.SplitFields(_message.PristineHeaders).Where(f => !SpamMarkup.IsAdded(f)).ToList();
        var separator = fields.Count > 0 && PerlSpace.IsBlank(fields[^1]) ? fields[^1] : "";
        if (separator.Length > 0)
        {
            fields.RemoveAt(fields.Count - 1);
        }

        TagFields(fields);
        var first = fields.Count > 0 && fields[0].StartsWith("Return-Path:", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
        var added = AddedFields();
        var header = string.Concat(fields.Take(first)) + added + string.Concat(fields.Skip(first)) + separator;
        return FixLineEnds(header) + _message.PristineBody;
    }

    private void TagFields(List<string> fields)
    {
        var prefix = report.SubjectPrefix() is { } p ? OneLine(report.Fill(p)) : null;
        var isSpam = report.IsSpam;
        var hasSubject = fields.Exists(f => f.StartsWith("Subject:", StringComparison.OrdinalIgnoreCase));
        if (_settings.RewriteHeader.ContainsKey("Subject") && !hasSubject)
        {
            fields.Add("Subject: \n");
        }

        var count = fields.Count;
        for (var i = 0; i < count; i++)
        {
            if (_taggedField.Match(fields[i]) is not { Success: true } match)
            {
                continue;
            }

            var name = char.ToUpperInvariant(match.Groups[1].Value[0]) + match.Groups[1].Value[1..].ToLowerInvariant();
            if (!_settings.RewriteHeader.TryGetValue(name, out var template) || (!isSpam && (name != "Subject" || prefix is null)))
            {
                continue;
            }

            var tag = isSpam ? OneLine(report.Fill(template)) : prefix!;
            if (isSpam)
            {
                fields.Add("X-Spam-Prev-" + (name == "Subject" && !hasSubject ? "Subject: (nonexistent)\n" : fields[i]));
                tag = name == "Subject" ? tag : $"({tag})";
                fields[i] = prefix is null ? fields[i] : PutTag(fields[i], prefix);
            }

            fields[i] = PutTag(fields[i], tag);
        }
    }

    /// <summary>The tag in front of the field's body; it is put there once.</summary>
    private static string PutTag(string field, string tag)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal) + 1;
        var body = field[colon..].TrimStart(' ', '\t');
        body = body.StartsWith(tag + " ", StringComparison.Ordinal) ? body[(tag.Length + 1)..] : body;
        return $"{field[..colon]} {tag} {body}";
    }

    private string AddedFields(List<AddedHeader> headers)
    {
        var fields = new StringBuilder();
        foreach (var header in headers)
        {
            fields.Append("X-Spam-").Append(header.Name).Append(": ").Append(HeaderEncoding.Encode(FoldedBody(header))).Append('\n');
        }

        return fields.ToString();
    }

    private string FoldedBody(AddedHeader header)
    {
        var body = report.Fill(header.Template).TrimEnd('\n', '\r');
        if (!_settings.FoldHeaders)
        {
            return OneLine(body);
        }

        if (body.Contains('\n'))
        {
            return _fold.Replace(body, "\n\t");
        }

        var name = $"X-Spam-{header.Name}!!";
        var folded = PerlWrap.Folded(name + body, "\t", 79);
        return string.Join('\n', folded.Split('\n').Where(l => !PerlSpace.IsBlank(l)))[name.Length..];
    }

    /// <summary>The report, and the message in it as it came.</summary>
    private string Wrapped()
    {
        var original = _message.Pristine;
        var header = new StringBuilder();
        header.Append("Received: from localhost by ").Append(report.Context.Hostname).Append("\n\twith SpamAssassin (version ")
            .Append(SpamReport.Compatible)
            .Append(");\n\t").Append(SpamReport.Date(report.Context.Now)).Append('\n');
        AppendCopied(header, "received");
        AppendTagged(header);
        header.Append(AddedFields(_settings.SpamHeaders));
        AppendCopied(header, null);

        var boundary = Boundary(original);
        var text = report.Text();
        var contentType = _message.Header("content-type");
        var isPlain = contentType.Length == 0 || contentType.Contains("text/plain", StringComparison.OrdinalIgnoreCase);
        text += isPlain ? "" : report.UnsafeText();
        header.Append("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"").Append(boundary)
            .Append("\"\n\nThis is a multi-part message in MIME format.\n\n--")
            .Append(boundary).Append("\nContent-Type: text/plain; charset=").Append(_settings.ReportCharset)
            .Append("\nContent-Disposition: inline\nContent-Transfer-Encoding: 8bit\n\n").Append(text).Append("\n\n--").Append(boundary)
            .Append("\nContent-Type: ").Append(_settings.ReportSafe > 1 ? "text/plain" : "message/rfc822")
            .Append("; x-spam-type=original\nContent-Description: original message before SpamAssassin\nContent-Disposition: ")
            .Append(isPlain ? "inline" : "attachment").Append("\nContent-Transfer-Encoding: 8bit\n\n");
        return FixLineEnds(header.ToString()) + original + FixLineEnds($"\n--{boundary}--\n\n");
    }

    private void AppendTagged(StringBuilder header)
    {
        string? Field(string name) => _message.PristineFields(name).LastOrDefault()?.Replace("\r\n", "\n", StringComparison.Ordinal);
        string? Behind(string name)
        {
            var body = Field(name);
            return _settings.RewriteHeader.TryGetValue(name, out var template)
                ? $"{(body ?? "\n").TrimEnd('\n')}\t({OneLine(report.Fill(template))})\n"
                : body;
        }

        Append(header, "From", Behind("From"));
        Append(header, "To", Behind("To"));
        Append(header, "Cc", Field("Cc"));
        var subject = Field("Subject");
        if (_settings.RewriteHeader.TryGetValue("Subject", out var subjectTemplate))
        {
            var tag = OneLine(report.Fill(subjectTemplate));
            subject = (report.SubjectPrefix() is { } prefix ? OneLine(report.Fill(prefix)) + " " : "") + (subject ?? "\n");
            subject = subject.StartsWith(tag + " ", StringComparison.Ordinal) ? subject : $"{tag} {subject}";
        }

        Append(header, "Subject", subject);
        Append(header, "Date", Field("Date"));
        Append(header, "Message-Id", Field("Message-Id"));
    }

    private void AppendCopied(StringBuilder header, string? only)
    {
        string[] always = ["from", "to", "cc", "subject", "date", "message-id"];
        foreach (
            var name in _settings.ReportSafeCopyHeaders.Distinct(StringComparer.OrdinalIgnoreCase).Where(n =>
                !always.Contains(n, StringComparer.OrdinalIgnoreCase)))
        {
            if (name.Equals("received", StringComparison.OrdinalIgnoreCase) == (only is not null))
            {
                foreach (var field in _message.PristineFields(name))
                {
                    Append(header, name, field);
                }
            }
        }
    }

    private static void Append(StringBuilder header, string name, string? body)
    {
        if (body is not null)
        {
            header.Append(name).Append(": ").Append(body).Append(body.EndsWith('\n') ? "" : "\n");
        }
    }

    private string FixLineEnds(string text) => _message.LineEnding == "\n" ? text
        : text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal);

    private static string Boundary(string original)
    {
        string boundary;
        do
        {
            boundary = string.Create(
                CultureInfo.InvariantCulture,
                $"----------=_{RandomNumberGenerator.GetInt32(int.MaxValue):X8}.{RandomNumberGenerator.GetInt32(int.MaxValue):X8}");
        }
        while (original.Contains(boundary, StringComparison.Ordinal));

        return boundary;
    }

    private static string OneLine(string text) => text.Replace('\n', ' ').TrimEnd();
}
