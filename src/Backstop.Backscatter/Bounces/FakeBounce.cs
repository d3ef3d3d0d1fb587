using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Spam and worms dressed as bounces: they borrow a server's name and words, return nothing, and bring something to click instead.
/// People write "undeliverable" too; a name such as "Mail Delivery" or "Post Office" is what makes it a disguise. A real report never comes
/// from a program for people and never carries a program.
/// </summary>
internal static class FakeBounce
{
    private static readonly string[] _dangerous =
        [".zip", ".rar", ".7z", ".exe", ".scr", ".pif", ".com", ".bat", ".cmd", ".vbs", ".js", ".jse", ".wsf", ".hta", ".lnk", ".iso", ".img", ".cpl", ".htm", ".html", ".shtml", ".svg"];

    /// <summary>Why it is fake, or null.</summary>
    public static string? IsFake(BounceContent content, IReadOnlyList<WordingHit> subject, IReadOnlyList<WordingHit> body)
    {
        var header = content.Header;
        var speaks = subject.Concat(body).Any(h => h.Kind is MailKind.Bounce or MailKind.Delay && h.Weight == 2);
        if (!speaks || ReturnsMail(content))
        {
            return null;
        }

        if (header.IsFromPerson && (header.IsFromDaemon || Senders.Disguises.Has(header.FromText)))
        {
            return $"speaks as a mail server, but was written with {header.Mailer}";
        }

        if (content.Parts.FirstOrDefault(p => p.Depth > 0 && IsDangerous(p)) is { FileName: var name })
        {
            return $"speaks as a mail server, returns nothing, and attaches {name}";
        }

        if (header.NullReversePath == false && FailsOnlyItsReader(content))
        {
            return "says that mail to your own address failed, and returns nothing";
        }

        return header.NullReversePath != true && !header.IsFromDaemon && NamesItsReader(header) && HasOnlyLinks(content) ? "speaks as a mail server, and wants a link to be clicked" : null;
    }

    private static bool ReturnsMail(BounceContent content) =>
        content.ReturnedPart is not null || content.Returned is { MessageId: not null } or { Received.Count: > 0 };

    // Parcels fail to be delivered too, by people who write links. This kind talks of mail to the reader's own address, or in its domain's name.
    private static bool NamesItsReader(BounceHeader header) => header.To is [var to, ..]
        && (header.Subject.Contains(to, StringComparison.OrdinalIgnoreCase)
            || header.FromText.Contains(to[(to.IndexOf('@', StringComparison.Ordinal) + 1)..], StringComparison.OrdinalIgnoreCase));

    // Worms fill their template with the address they send to. A server reports about somebody else's.
    private static bool FailsOnlyItsReader(BounceContent content) =>
        content.Header.IsFromDaemon && TextAddresses.Find(content.Human) is { Count: > 0 } named
        && named.TrueForAll(a => content.Header.To.Contains(a, StringComparer.OrdinalIgnoreCase));

    private static bool IsDangerous(MimePart part) =>
        part.FileName is { } name && !part.Type.MediaType.StartsWith("message/", StringComparison.Ordinal)
        && _dangerous.Any(e => name.TrimEnd('.', ' ').EndsWith(e, StringComparison.OrdinalIgnoreCase));

    private static bool HasOnlyLinks(BounceContent content) =>
        content.Parts.Any(p => p.Type.MediaType == "text/html" && Links(content, p)) && !StatusWords.HasReply(content.Words);

    private static bool Links(BounceContent content, MimePart part)
    {
        var html = PartText.Decode(content.Message[part.BodyStart..part.BodyEnd], part.TransferEncoding, BounceClassifier.MaxText).Span;
        return html.IndexOf("href=\"http"u8) >= 0 || html.IndexOf("HREF=\"http"u8) >= 0;
    }
}
