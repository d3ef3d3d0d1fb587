using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Recognises spam and worms disguised as bounces: they use a server's name and words, return nothing, and contain
/// something to click. People write "undeliverable" too; a name such as "Mail Delivery" or "Post Office" makes it a
/// disguise. A genuine report is never written with a person's mail program and never carries a program.
/// </summary>
internal static class FakeBounce
{
    private static readonly string[] _dangerous =
        [
            ".zip", ".rar", ".7z", ".exe", ".scr", ".pif", ".com", ".bat", ".cmd", ".vbs", ".js", ".jse", ".wsf", ".hta", ".lnk",
            ".iso", ".img", ".cpl", ".htm", ".html", ".shtml", ".svg",
        ];

    /// <summary>Returns why the message is fake, or null.</summary>
    public static string? IsFake(BounceContent content, WordsFound words)
    {
        var header = content.Header;
        var speaks = words.Subject.Concat(words.Body).Any(h => h.Kind is MailKind.Bounce or MailKind.Delay && h.Weight == 2);
        if (!speaks || !IsDisguised(content.Header) || ReturnsMail(content))
        {
            return null;
        }

        // A message under a server's name attaches no program; a person who asks about a bounce may attach anything,
        // under their own name.
        if (content.Parts.FirstOrDefault(p => p.Depth > 0 && IsDangerous(p)) is { FileName: var name })
        {
            return $"poses as a mail server, returns nothing, and attaches {name}";
        }

        // Parcels and letters are returned too, by offices that name the address they write to: only something to click
        // or open is a trap.
        if (header.NullReversePath == true || header.IsFromPerson || words.IsReply)
        {
            return null;
        }

        if (!words.HasReply && HasLink(content) && (NamesItsReader(header) || FailsOnlyItsReader(content)))
        {
            return "poses as a mail server, is about mail to your own address, and asks for a click on a link";
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

    // Parcels fail to be delivered too, and people write links. This kind writes about mail to the reader's own
    // address, or in the name of its domain.
    private static bool NamesItsReader(BounceHeader header) => header.To is [var to, ..]
        && (header.Subject.Contains(to, StringComparison.OrdinalIgnoreCase)
            || header.FromText.Contains(to[(to.IndexOf('@', StringComparison.Ordinal) + 1)..], StringComparison.OrdinalIgnoreCase));

    // Worms put the address they send to where a server puts the failed address. A server reports another person's
    // address.
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
