using Backstop.Backscatter;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Smtp;

/// <summary>
/// Counts the errors of one session: commands that are wrong, commands that do nothing, recipients that do not exist. Says when
/// there are too many, and which answers are to wait before that.
/// </summary>
/// <remarks>
/// A refusal by policy is not an error of the client: a mailing list with one dead address must not lose its connection. But a
/// stranger that asks for many unknown addresses is guessing, and one that sends only NOOP holds a connection for nothing.
/// </remarks>
internal sealed class SessionErrors(SmtpServices services, ClientIdentity client)
{
    // After this many NOOP, RSET, VRFY, HELP and greetings without a message, each further one counts as an error.
    private const int MaxIdleCommands = 100;

    // The most errors that delay one reply: pipelined errors are answered together.
    private const int MaxDelays = 10;

    private readonly SmtpOptions _limits = services.Options.Smtp;
    private int _errors;
    private int _idle;
    private int _mailboxes;
    private int _delays;

    /// <summary>Counts the reply to a command.</summary>
    /// <param name="verb">The command.</param>
    /// <param name="reply">What the command is answered with.</param>
    /// <param name="transaction">The transaction under way; null for none.</param>
    /// <param name="isTrusted">Whether the client hands on what others wrote.</param>
    /// <returns>Why the session must end; null where it goes on.</returns>
    public Reason? Count(SmtpVerb verb, SmtpReply reply, Transaction? transaction, bool isTrusted)
    {
        if (verb == SmtpVerb.Rcpt && ReferenceEquals(reply, Refusals.UnknownRecipient)
            && TooManyGuesses(transaction, isTrusted) is { } reason)
        {
            return reason;
        }

        _idle = IsIdle(verb) ? _idle + 1 : verb == SmtpVerb.Data || verb == SmtpVerb.Bdat ? 0 : _idle;
        var isError = reply.Code is >= 500 and <= 504 or 555 || (verb == SmtpVerb.Unknown && !reply.IsPositive) || _idle > MaxIdleCommands;
        if (!isError)
        {
            return null;
        }

        Note(isTrusted);
        _delays += ++_errors > _limits.MaxErrors / 2 ? 1 : 0;
        return _errors > _limits.MaxErrors ? ServerReasons.ErrorsLimit : null;
    }

    /// <summary>Counts an error against the client's network.</summary>
    public void Note(bool isTrusted)
    {
        if (!isTrusted)
        {
            services.Errors.Harvest.Note(client.Address);
        }
    }

    /// <summary>Counts the mailboxes of an accepted message: as many unknown recipients more are not taken for guesses.</summary>
    public void Accepted(Transaction transaction)
    {
        var mailboxes = Mailboxes(transaction);
        _mailboxes += mailboxes;
        services.Errors.Harvest.NoteAccepted(client.Address, mailboxes);
    }

    /// <summary>Returns how long the replies to the last commands are delayed, and resets it; zero while connections are short.</summary>
    public TimeSpan TakeDelay(bool isAllowed)
    {
        var delays = Math.Min(_delays, MaxDelays);
        _delays = 0;
        return delays > 0 && isAllowed && !services.Precedence.Shares.IsCrowded ? delays * _limits.ErrorDelay : TimeSpan.Zero;
    }

    private static bool IsIdle(SmtpVerb verb) =>
        verb is SmtpVerb.Noop or SmtpVerb.Rset or SmtpVerb.Vrfy or SmtpVerb.Help or SmtpVerb.Helo or SmtpVerb.Ehlo or SmtpVerb.Lhlo;

    // Mailboxes, not addresses: with details a mailbox has any number of addresses.
    private static int Mailboxes(Transaction transaction) => transaction.Recipients.Select(r => r.Known.Mailbox).Distinct().Count();

    // Returns the reason where the client or its network has guessed too often.
    private Reason? TooManyGuesses(Transaction? transaction, bool isTrusted)
    {
        client.UnknownRecipients++;
        if (isTrusted)
        {
            return null;
        }

        services.Errors.Harvest.Note(client.Address);

        // A mailing list has dead addresses, but many more that exist. Recipients of the transaction under way count too.
        var unknown = client.UnknownRecipients - _mailboxes - (transaction is null ? 0 : Mailboxes(transaction));
        _delays += unknown > _limits.MaxUnknownRecipients / 2 ? 1 : 0;
        return unknown > _limits.MaxUnknownRecipients ? ServerReasons.RecipientsGuessed
            : services.Errors.Harvest.Of(client.Address) switch
            {
                Harvesting.Refused => ServerReasons.Harvest,
                Harvesting.Watched when unknown > 0 => ServerReasons.Harvest,
                _ => null,
            };
    }
}
