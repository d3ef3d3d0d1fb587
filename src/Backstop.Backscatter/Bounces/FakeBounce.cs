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
    public static string? IsFake(BounceContent content, WordsFound words)
    {
        var header = content.Header;
        var speaks = words.Subject.Concat(words.Body).Any(h => h.Kind is MailKind.Bounce or MailKind.Delay && h.Weight == 2);
        if (!speaks || !IsDisguised(content.Header) || ReturnsMail(content))
        {
            return null;
        }

        // Who writes under a server's name attaches no program; a person who asks about a bounce attaches what he likes, under his own.
        if (content.Parts.FirstOrDefault(p => p.Depth > 0 && IsDangerous(p)) is { FileName: var name })
        {
            return $"speaks as a mail server, returns nothing, and attaches {name}";
        }

        // Parcels and letters are returned too, by offices that name the address they write to: only what can be clicked or opened
        // is a trap.
        if (header.NullReversePath == true || header.IsFromPerson || words.IsReply)
        {
            return null;
        }

        if (!words.HasReply && HasLink(content) && (NamesItsReader(header) || FailsOnlyItsReader(content)))
        {
            return "speaks as a mail server of mail to your own address, and wants a link to be clicked";
        }

        return words.SaysOfMail(MailKind.Bounce) && FailsOnlyItsReader(content)
            && content.Parts.Any(p => p is { Depth: > 0, IsAttachment: true })
            ? "says that mail to your own address failed, returns nothing, and attaches a file" : null;
    }

    private static bool IsDisguised(BounceHeader header) =>
        header.IsFromDaemon || Senders.Disguises.Has(header.FromText) || Senders.IsDaemon(header.From, header.FromText)
            || NamesItsReader(header);

    private static bool ReturnsMail(BounceContent content) =>
        content.ReturnedPart is not null || content.Returned is { MessageId: not null } or { Received.Count: > 0 };

    // Parcels fail to be delivered too, by people who write links. This kind talks of mail to the reader's own address, or in its
    // domain's name.
    private static bool NamesItsReader(BounceHeader header) => header.To is [var to, ..]
        && (header.Subject.Contains(to, StringComparison.OrdinalIgnoreCase)
            || header.FromText.Contains(to[(to.IndexOf('@', StringComparison.Ordinal) + 1)..], StringComparison.OrdinalIgnoreCase));

    // Worms fill their template with the address they send to, where a server puts the address that failed. A server reports about
    // somebody else's.
    private static bool FailsOnlyItsReader(BounceContent content) =>
        TextAddresses.Find(content.Human) is { Count: > 0 } named
            && named.TrueForAll(a => content.Header.To.Contains(a, StringComparer.OrdinalIgnoreCase))
        && FailedRecipients.StandsAlone(content.Human, named[0]);

    private static bool IsDangerous(MimePart part) =>
        part.FileName is { } name && !part.Type.MediaType.StartsWith("message/", StringComparison.Ordinal)
        && _dangerous.Any(e => name.TrimEnd('.', ' ').EndsWith(e, StringComparison.OrdinalIgnoreCase));

    private static bool HasLink(BounceContent content) => content.Parts.Any(p => p.Type.MediaType == "text/html" && Links(content, p));

    private static bool Links(BounceContent content, MimePart part)
    {
        var html = PartText.Decode(content.Message[part.BodyStart..part.BodyEnd], part.TransferEncoding, BounceClassifier.MaxText).Span;
        return html.IndexOf("href=\"http"u8) >= 0 || html.IndexOf("HREF=\"http"u8) >= 0;
    }
}
