namespace Backstop.Backscatter.Bounces;

/// <summary>The evidence for and against a bounce without structure.</summary>
internal static class BounceEvidence
{
    private const int Enough = 4;

    /// <summary>
    /// TMDA and others mark a bounce as "auto-replied". If subject and text both speak of a failure, it is not an
    /// auto-reply.
    /// </summary>
    public static EvidenceSheet? OfPlainBounce(BounceContent content, Signs signs, WordsFound words) =>
        words.Starts(MailKind.Bounce) && words.SaysOfMail(MailKind.Bounce) && signs.IsMachine && words.Sum(MailKind.Delay) < 2
            ? Weigh(content, signs, words) : null;

    /// <summary>Returns the sheet, or null if no evidence is found.</summary>
    public static EvidenceSheet? Of(BounceContent content, Signs signs, WordsFound words) =>
        words.Sum(MailKind.Bounce) > 0 || signs.IsServer || content.Header.IsToBounceAddress ? Weigh(content, signs, words) : null;

    private static EvidenceSheet Weigh(BounceContent content, Signs signs, WordsFound words)
    {
        var header = content.Header;
        var starts = words.Starts(MailKind.Bounce);
        var returns = content.ReturnedPart is not null
            || (
            (signs.IsServer || starts) && content.Returned is { Carrier: not "none" } back && (
                back.MessageId is not null || back.Received.Count > 0));
        var said = words.Sum(MailKind.Bounce);
        var sheet = new EvidenceSheet(MailKind.Bounce, Enough)
            .Add(words.InSubject(MailKind.Bounce)).Add(words.InBody(MailKind.Bounce))
            .Add(said > 4, 4 - said, "the same said twice")
            .Add(returns, 2, "returns a message")
            .Add(words.HasReply, 1, "repeats a server's reply")
            .Add(signs.IsServer, 2, signs.NullSender ? "null reverse-path" : "a mail server's name as sender")
            .Add(signs.NullSender && header.IsFromDaemon, 1, "a mail server's name as sender")
            .Add(header.IsToBounceAddress, 1, "came to an address for bounces")
            .Add(signs.IsServer && (signs.NamesRecipient || IsOfSomebody(header, signs)), 1, "names a recipient")
            .Add(signs.IsPerson && !header.IsFromMailerDaemon, -2, "written with a mail program")
            .Add(header.IsList && !header.HasServerAddress, -2, "came through a list")
            .Require(!signs.IsOwnServer || (returns && said > 1), "the reader's own server tells its administrator")
            .Require(!MachineReport.Is(content), "a report about many messages")
            .Require(starts || !signs.ReturnsMailToReader, "what it returns was sent to its reader")
            .Require(header.IsFromDaemon || header.IsToBounceAddress || returns || !words.IsReply, "the subject is a person's answer")
            .CertainIf(returns ? IsCertainToReturn(header, signs) : IsCertainToTell(header, signs, words));
        return sheet.Require(
            IsPlausible(content, signs, words, said, returns, sheet.Weight), "nothing that says whose mail failed, and why");
    }

    // People forward bounces and lists discuss them; lists also pass them on to their owners.
    private static bool IsCertainToReturn(BounceHeader header, Signs signs) =>
        header.IsFromMailerDaemon || header.IsToBounceAddress || header.IsListAdministrivia
        || (header.HasServerAddress && (signs.NullSender || !signs.IsLikePerson)) || (signs.IsMachine && !signs.IsLikeMail);

    // A name does not make a server, and a postmaster is a person too: the more the message looks like a person's, the
    // more it must look like a server's too.
    private static bool IsCertainToTell(BounceHeader header, Signs signs, WordsFound words)
    {
        if (!signs.IsServer || signs.IsOwnDomain)
        {
            return false;
        }

        if (header.IsFromMailerDaemon)
        {
            return true;
        }

        if (signs.IsLikeMail)
        {
            return false;
        }

        // A notice from <> about a mailbox that fills up has no bounce's subject and no reply, and answers nothing.
        var says = words.Starts(MailKind.Bounce) && words.SaysOfMail(MailKind.Bounce);
        var tells = words.HasReply || signs.Answers || words.InSubject(MailKind.Bounce) is not null;
        return (says && signs.NamesRecipient)
            || (
            signs.NullSender && (
                (header.HasServerAddress && tells) || (words.HasReply && signs.NamesRecipient) || (header.IsAutoReplied && says)));
    }

    // What must be present whatever the weight, depending on who seems to write.
    private static bool IsPlausible(BounceContent content, Signs signs, WordsFound words, int said, bool returns, int weight)
    {
        var header = content.Header;
        if (header.IsFromDaemon)
        {
            // A shop's "delivery team" has a server's name too: only a message from the null sender or mailer-daemon
            // need not say whose mail failed.
            var isSure = signs.IsServersOwn;
            var saysWhose = returns || words.HasReply || signs.MentionsRecipient;
            return (said > 0 && (isSure || saysWhose)) || (words.HasReply && isSure) || (returns && !header.IsList)
                || IsOfSomebody(header, signs);
        }

        // Digests, shops and some lists send from the null reverse-path, and people write on them.
        var tells = returns || words.HasReply;
        if (signs.NullSender && said > 0 && returns && signs.ReturnsMailOfReader)
        {
            return true;
        }

        if (signs.IsServer || header.IsToBounceAddress || header.IsListAdministrivia)
        {
            var opens = words.Starts(MailKind.Bounce) || words.OpensWithFailure();
            return (said > 2 && (tells || signs.NamesRecipient || signs.IsResponder)) || (said > 1 && tells && opens);
        }

        return words.Starts(MailKind.Bounce) && weight > Enough && tells && words.OpensWithFailure();
    }

    // No person writes as mailer-daemon, and no reply comes from <>: such a message is about the recipients that it
    // names. In an unknown language the address stands alone or next to a reply.
    private static bool IsOfSomebody(BounceHeader header, Signs signs) =>
        header.IsFromDaemon && (header.IsFromMailerDaemon || (signs.NullSender && (signs.Answers || header.HasServerAddress)))
            && signs.MentionsRecipient;
}
