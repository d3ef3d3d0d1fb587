namespace Backstop.Backscatter.Bounces;

/// <summary>The evidence for and against complaints, virus notices, challenges and delays.</summary>
internal static class NoticeEvidence
{
    private const string OwnServer = "the reader's own server tells its administrator";

    /// <summary>Complaints from before RFC 5965: a subject of a known form, and the mail complained about.</summary>
    public static EvidenceSheet? OfComplaint(BounceContent content, Signs signs, WordsFound words)
    {
        if (!words.Starts(MailKind.FeedbackReport))
        {
            return null;
        }

        return new EvidenceSheet(MailKind.FeedbackReport, 3)
            .Add(words.InSubject(MailKind.FeedbackReport))
            .Add(content.ReturnedPart is not null, 2, "returns a message")
            .Require(content.ReturnedPart is not null, "returns no message")
            .Require(signs.IsMachine || words.Subject[0].Format != "text", "no sign that a machine wrote it")
            .CertainIf(true);
    }

    /// <summary>
    /// A scanner's notice to the supposed sender of a virus. A notice to the reader about incoming mail is ordinary
    /// mail.
    /// </summary>
    public static EvidenceSheet? OfVirus(BounceContent content, Signs signs, WordsFound words)
    {
        var header = content.Header;
        var sum = words.Sum(MailKind.VirusNotice);
        if (sum == 0 && !header.IsFromScanner)
        {
            return null;
        }

        // A scanner's address alone may be that of a research laboratory: a mail server's address or the name of a mail
        // scanner is required too.
        var isScanner = header.HasServerAddress || header.HasScannerName;

        // Scanners of local disks, shops that sell them and bug trackers use the same words about files that are not
        // the reader's mail.
        var isOfMail = content.ReturnedPart is not null || words.SaysYours || signs.ReturnsMailOfReader;
        var sheet = new EvidenceSheet(MailKind.VirusNotice, 2)
            .Add(words.InSubject(MailKind.VirusNotice)).Add(words.InBody(MailKind.VirusNotice))
            .Require(!signs.IsOwnServer, OwnServer)
            .Require(!signs.ReturnsMailToReader, "what it returns was sent to its reader")
            .CertainIf(
            (isOfMail || (isScanner && (signs.NullSender || header.HasScannerProgram))) && !signs.IsOwnDomain && !signs.IsLikeMail);
        if (!header.IsFromScanner)
        {
            return sheet.Require(sum >= 2 && words.Sum(MailKind.Bounce) <= sum, "few words about a virus")
                .Require(signs.IsServer, "neither a scanner's sender nor a mail server's")
                .Require(isOfMail, "does not say that the virus was in the reader's mail")
                .Add(signs.NullSender, 1, "null reverse-path").Add(header.IsFromDaemon, 1, "a mail server's name as sender");
        }

        // A scanner's gateway sends ordinary bounces too: its own words are checked first, then those of a bounce.
        var isBounce = sum == 0
            && (!isScanner || !signs.IsServer || words.Starts(MailKind.Bounce) || words.HasReply || content.ReturnedPart is not null);
        return sheet.Add(true, 2, "sent by a scanner").Require(!isBounce, "words of a bounce, or none");
    }

    /// <summary>A request for a confirmation before a mail is delivered.</summary>
    public static EvidenceSheet? OfChallenge(BounceContent content, Signs signs, WordsFound words)
    {
        var sum = words.Sum(MailKind.Challenge);
        if (sum < 2)
        {
            return null;
        }

        // Accounts, payments and subscriptions are confirmed too, by machines that send from the null reverse-path;
        // such a message answers nothing.
        var isMachine = signs.NullSender || signs.IsResponder || content.Header.HasServerAddress || content.Header.Precedence is "junk";
        var asksInAnswer = signs.Answers && !signs.IsLikeMail && words.InSubject(MailKind.Challenge) is not null
            && words.SaysOfMail(MailKind.Challenge);
        return new EvidenceSheet(MailKind.Challenge, 2)
            .Add(words.InSubject(MailKind.Challenge)).Add(words.InBody(MailKind.Challenge))
            .Add(signs.Answers, 1, "answers a message")
            .Add(signs.NullSender, 1, "null reverse-path")
            .Add(signs.IsPerson, -2, "written with a mail program")
            .Require(signs.Answers || signs.IsResponder || (signs.IsServer && words.SaysYours), "no sign that it answers a message")
            .Require(!words.Starts(MailKind.Bounce), "the subject is a bounce's")
            .CertainIf(isMachine || asksInAnswer);
    }

    /// <summary>
    /// A notice of delay. Trains are late too: without a server's name the subject must begin with the words, and the
    /// text must be about mail.
    /// </summary>
    public static EvidenceSheet? OfDelay(BounceContent content, Signs signs, WordsFound words)
    {
        var sum = words.Sum(MailKind.Delay);
        if (sum < 2)
        {
            return null;
        }

        var header = content.Header;
        var isSubject = words.Starts(MailKind.Delay);
        var returns = content.ReturnedPart is not null;

        // Of three signs (a server's words about a delay, the reader's mail, its recipient) one may be chance: a
        // courier has messages too.
        var isOfMail = returns
            || (words.SaysOfMail(MailKind.Delay) ? words.SaysYours || signs.NamesRecipient : words.SaysYours && signs.NamesRecipient);
        var saysWhose = signs.IsServersOwn || returns || words.HasReply || signs.MentionsRecipient;
        return new EvidenceSheet(MailKind.Delay, 2)
            .Add(words.InSubject(MailKind.Delay)).Add(words.InBody(MailKind.Delay))
            .Add(header.IsFromDaemon, 2, "a mail server's name as sender").Add(signs.NullSender, 1, "null reverse-path")
            .Add(signs.IsPerson, -2, "written with a mail program")
            .Require(!signs.IsOwnServer || returns, OwnServer)
            .Require(
            header.IsFromDaemon ? isSubject || !words.Starts(MailKind.Bounce) : isSubject && isOfMail,
            "the text does not say that mail is late")
            .Require(saysWhose, "nothing that says whose mail is late")
            .CertainIf(
            header.IsFromMailerDaemon || (!signs.IsLikeMail && IsCertainDelay(header, signs, returns, isSubject && isOfMail, isOfMail)));
    }

    private static bool IsCertainDelay(BounceHeader header, Signs signs, bool returns, bool hasForm, bool isOfMail) =>
        (signs.IsServer && returns) || (signs.NullSender && (isOfMail || header.HasServerAddress)) || (header.HasServerAddress && hasForm);
}
