using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>A message being classified: its header and parts; text and returned message are read on first use.</summary>
internal sealed class BounceContent(ReadOnlyMemory<byte> message, BounceHeader header, IReadOnlyList<MimePart> parts)
{
    // How many texts before the returned message are read: notices in two languages have two parts.
    private const int MaxTextParts = 3;

    // A plain text shorter than this only refers to the HTML part.
    private const int MinText = 40;

    private byte[]? _text;
    private string? _human;
    private string? _words;
    private AddressesInText? _addresses;
    private ReturnedMessage? _returned;
    private ReturnedMessage _quoted = ReturnedMessage.Nothing;

    public ReadOnlyMemory<byte> Message => message;

    public BounceHeader Header => header;

    public IReadOnlyList<MimePart> Parts => parts;

    /// <summary>The part with the returned message or its header, or null.</summary>
    public MimePart? ReturnedPart { get; } = parts.FirstOrDefault(ReturnedReader.IsCarrier);

    /// <summary>The returned message, wherever it stands.</summary>
    public ReturnedMessage Returned => _returned ??= ReturnedReader.Find(this);

    /// <summary>The returned message that the text quotes.</summary>
    public ReturnedMessage Quoted
    {
        get
        {
            ReadHuman();
            return _quoted;
        }
    }

    /// <summary>The text that the reporting server wrote, without the quoted message; with its line ends.</summary>
    public string Human => ReadHuman();

    /// <summary>The same text with single spaces for white space, so that words are found across line ends.</summary>
    public string Words => _words ??= Collapse(Human);

    /// <summary>The addresses in <see cref="Human"/>.</summary>
    public AddressesInText AddressesInText => _addresses ??= FailedRecipients.Read(this);

    /// <summary>The message's text as UTF-8 with LF line ends, quoted message included.</summary>
    public byte[] Text => _text ??= Encoding.UTF8.GetBytes(ReadText().Replace("\r\n", "\n", StringComparison.Ordinal));

    /// <summary>Everything behind the header, undecoded, for messages with a broken structure.</summary>
    public ReadOnlyMemory<byte> RawBody
    {
        get
        {
            var raw = message[parts[0].BodyStart..];
            MessageBudget.Charge(Math.Min(raw.Length, BounceClassifier.MaxText));
            return raw.Length > BounceClassifier.MaxText ? raw[..BounceClassifier.MaxText] : raw;
        }
    }

    /// <summary>
    /// Whether the first text may be a JSON object: it begins with a brace, or is base64 and not decoded yet.
    /// </summary>
    public bool MayBeJson
    {
        get
        {
            foreach (var part in parts)
            {
                if (part.Type.MediaType is "text/plain" or "application/json")
                {
                    return part.RawBody(message.Span).TrimStart("\r\n\t "u8) is [(byte)'{', ..]
                        || (part.TransferEncoding == "base64" && header.MayBeAutomatic);
                }
            }

            return false;
        }
    }

    /// <summary>Whether the multipart that the header announces is missing.</summary>
    public bool IsBroken => parts.Count == 1 && parts[0].Type.MediaType.StartsWith("multipart/", StringComparison.Ordinal);

    public BounceReport Report(
        MailKind kind, string format, IReadOnlyList<ReportedRecipient> recipients, ReturnedMessage returned,
        IReadOnlyList<string> evidence, string? reportingMta = null) =>
        new(
            kind, format, header.NullReversePath, WithText(recipients), kind == MailKind.None ? returned : WithId(returned),
            header.From, header.References)
        {
            Subject = header.Subject,
            To = header.To,
            IsList = header.IsList,
            IsOwnServer = IsOwnServer,
            MayAnswer = kind == MailKind.None && format != BounceReport.FakeFormat && AnswerRule.MayAnswer(header),
            Evidence = evidence,
            ReportingMta = reportingMta ?? (kind is MailKind.Bounce or MailKind.Delay ? header.DaemonHost : null),
        };

    /// <summary>Whether the reader's own server, judged by its name, writes to its administrator.</summary>
    public bool IsOwnServer { get; } = Signs.IsOfOwnServer(header);

    // The report's text, for the class: if it has been read anyway, or if no field contains the reply. OpenSMTPD and
    // others write the reply only into the text.
    private IReadOnlyList<ReportedRecipient> WithText(IReadOnlyList<ReportedRecipient> recipients)
    {
        if (!recipients.Any(WantsText))
        {
            return recipients;
        }

        List<string> addresses = [.. recipients.Select(r => r.Address)];
        var text = ReasonJudge.Start(Words);
        return [.. recipients.Select(r => WantsText(r) ? r with { ReportText = text, SaidInText = SaidOf(r, addresses) } : r)];
    }

    private bool WantsText(ReportedRecipient recipient) =>
        recipient.ReportText is null && (_words is not null || recipient.Diagnostic is null) && ReasonJudge.WantsText(recipient);

    private string? SaidOf(ReportedRecipient recipient, List<string> addresses) =>
        recipient.Diagnostic is null ? FailedRecipients.DiagnosticOf(Human, recipient.Address, addresses) : null;

    // Only here and not in Returned: a line of text that names an id returns no message, so it is not evidence of a
    // bounce.
    private ReturnedMessage WithId(ReturnedMessage returned) =>
        returned.MessageId is null ? ReturnedReader.Named(returned, IdLabels.Find(Human)) : returned;

    private string ReadHuman()
    {
        if (_human is null)
        {
            _quoted = ReturnedReader.FromText(Text, out var quoteStart);
            _human = Encoding.UTF8.GetString(Text.AsSpan(0, quoteStart));
        }

        return _human;
    }

    private string ReadText()
    {
        if (IsBroken)
        {
            return HeaderText.ToText(RawBody.Span);
        }

        var text = new StringBuilder();
        var read = 0;
        foreach (var part in parts.TakeWhile(p => !ReturnedReader.IsCarrier(p)))
        {
            if (part.Type.MediaType == "text/plain" && !part.IsAttachment && read < MaxTextParts && text.Length < BounceClassifier.MaxText)
            {
                text.Append(PartText.Read(message, part, BounceClassifier.MaxText)).Append('\n');
                read++;
            }
        }

        if (text.Length <= MinText && parts.FirstOrDefault(p => p.Type.MediaType == "text/html") is { } html)
        {
            text.Append(PartText.Read(message, html, BounceClassifier.MaxText));
        }

        return text.Length > 0 ? text.ToString() : HeaderText.ToText(RawBody.Span);
    }

    /// <summary>Replaces runs of white space by single spaces, so that words are found across line ends.</summary>
    public static string Collapse(string text)
    {
        var collapsed = new StringBuilder(text.Length);
        var inSpace = true;
        foreach (var c in text)
        {
            if (!char.IsWhiteSpace(c))
            {
                collapsed.Append(c is '\u2019' ? '\'' : c);
            }
            else if (!inSpace)
            {
                collapsed.Append(' ');
            }

            inSpace = char.IsWhiteSpace(c);
        }

        return collapsed.ToString();
    }
}
