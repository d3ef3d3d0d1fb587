namespace Backstop.Backscatter.Bounces;

/// <summary>What speaks for and against complaints, virus notices, challenges and delays.</summary>
internal static class NoticeEvidence
{
    private const string OwnServer = "the reader's own server tells its administrator";

    /// <summary>Complaints from before RFC 5965: a subject of a known shape, and the mail that was complained about.</summary>
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

    /// <summary>A scanner tells the supposed sender of a virus. What it tells the reader about mail to him is news for him.</summary>
    public static EvidenceSheet? OfVirus(BounceContent content, Signs signs, WordsFound words)
    {
        var header = content.Header;
        var sum = words.Sum(MailKind.VirusNotice);
        if (sum == 0 && !header.IsFromScanner)
        {
            return null;
        }

        var sheet = new EvidenceSheet(MailKind.VirusNotice, 2)
            .Add(words.InSubject(MailKind.VirusNotice)).Add(words.InBody(MailKind.VirusNotice))
            .Require(!signs.IsOwnServer, OwnServer)
            .Require(!signs.ReturnsMailToReader, "what it returns was sent to its reader")
            .CertainIf((signs.IsMachine || header.IsFromScanner) && !signs.IsOwnDomain);
        if (!header.IsFromScanner)
        {
            return sheet.Require(sum >= 2 && words.Sum(MailKind.Bounce) <= sum, "few words about a virus")
                .Require(signs.IsMachine, "no sign that a machine wrote it")
                .Add(signs.NullSender, 1, "null reverse-path").Add(header.IsFromDaemon, 1, "a mail server's name as sender");
        }

        // A scanner's gateway sends ordinary bounces too: its own words go first, then those of a bounce.
        var isBounce = sum == 0 && (!signs.IsServer || words.Starts(MailKind.Bounce) || words.HasReply || content.ReturnedPart is not null);
        return sheet.Add(true, 2, "sent by a scanner").Require(!isBounce, "words of a bounce, or none");
    }

    /// <summary>Asks for a confirmation before a mail is delivered.</summary>
    public static EvidenceSheet? OfChallenge(BounceContent content, Signs signs, WordsFound words)
    {
        var sum = words.Sum(MailKind.Challenge);
        if (sum < 2)
        {
            return null;
        }

        return new EvidenceSheet(MailKind.Challenge, 2)
            .Add(words.InSubject(MailKind.Challenge)).Add(words.InBody(MailKind.Challenge))
            .Add(signs.Answers, 1, "answers a message")
            .Add(signs.NullSender, 1, "null reverse-path")
            .Add(signs.IsPerson, -2, "written with a mail program")
            .Require(signs.Answers || signs.IsServer || signs.IsResponder, "no sign that it answers a message")
            .Require(!words.Starts(MailKind.Bounce), "the subject is a bounce's")
            .CertainIf(signs.IsMachine || (signs.Answers && !signs.IsPerson && words.InSubject(MailKind.Challenge) is not null && words.SaysOfMail(MailKind.Challenge) && !words.IsReply && !signs.Quotes));
    }

    /// <summary>Trains are late too: without a server's name the subject must begin with it, and the text must say it of mail.</summary>
    public static EvidenceSheet? OfDelay(BounceContent content, Signs signs, WordsFound words)
    {
        var sum = words.Sum(MailKind.Delay);
        if (sum < 2)
        {
            return null;
        }

        var header = content.Header;
        var isSubject = words.Starts(MailKind.Delay);
        return new EvidenceSheet(MailKind.Delay, 2)
            .Add(words.InSubject(MailKind.Delay)).Add(words.InBody(MailKind.Delay))
            .Add(header.IsFromDaemon, 2, "a mail server's name as sender").Add(signs.NullSender, 1, "null reverse-path")
            .Add(signs.IsPerson, -2, "written with a mail program")
            .Require(!signs.IsOwnServer || content.ReturnedPart is not null, OwnServer)
            .Require((header.IsFromDaemon && (isSubject || !words.Starts(MailKind.Bounce))) || (isSubject && words.SaysOfMail(MailKind.Delay)), "the text does not say it of mail")
            .Require(signs.NullSender || header.IsFromMailerDaemon || content.ReturnedPart is not null || words.HasReply || signs.MentionsRecipient, "nothing that says whose mail is late")
            .CertainIf(signs.IsServer);
    }
}
