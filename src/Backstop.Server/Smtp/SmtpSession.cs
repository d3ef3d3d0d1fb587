using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Backstop.Mailboxes.Spool;
using Backstop.Protocols.Smtp;
using Backstop.Server.Admission;
using Backstop.Server.Receiving;
using Backstop.Server.Way;

namespace Backstop.Server.Smtp;

/// <summary>The services that all sessions share.</summary>
internal sealed record SmtpServices(
    BackstopOptions Options, MailPipeline<IncomingMessage> Pipeline, SpoolLog Spool, SessionRegistry Sessions, ReceiveBudget Budget,
    Precedence Precedence, ErrorRules Errors, TimeProvider Time);

/// <summary>What happens to clients that make errors.</summary>
/// <param name="Harvest">Counts the errors of networks.</param>
/// <param name="Delays">Has them wait for their answers.</param>
internal sealed record ErrorRules(HarvestWatch Harvest, ErrorDelays Delays);

/// <summary>
/// The session of one client: gives every command its reply. It knows order and policy, and neither bytes nor sockets.
/// </summary>
internal sealed class SmtpSession(SmtpServices services, SmtpListener listener, ClientIdentity client) : IDisposable
{
    private readonly SmtpOptions _limits = services.Options.Smtp;
    private readonly SessionErrors _errors = new(services, client);
    private Passage<IncomingMessage>? _passage;
    private IncomingMessage? _message;
    private MailClass? _class;
    private FloodGate.Turn? _turn;
    private bool _expectsRealMail;
    private bool? _isFromServer;
    private int _messages;

    public SmtpState State { get; private set; } = SmtpState.Connected;

    public ClientIdentity Client => client;

    /// <summary>
    /// Whether the client is a mail server beside us, by the address of the connection or of its PROXY header. Decided
    /// after the PROXY header and then kept, whatever client XCLIENT names later: a stranger behind our load balancer
    /// stays a stranger.
    /// </summary>
    public bool IsFromServer => _isFromServer ??= services.Options.Guard.IsServer(client.Address);

    /// <summary>
    /// Whether lone LFs in its messages are normalized; by the same address, so that no client that a server names gets it.
    /// </summary>
    public bool NormalizesBareLf { get; private set; }

    /// <summary>
    /// Whether the client hands on mail of others: a backup MX, a relay, a mail server beside us. Unknown recipients do
    /// not count against it.
    /// </summary>
    public bool IsTrusted => listener.IsLmtp || listener.IsProxy || IsFromServer || services.Precedence.Shares.IsOurs(client);

    /// <summary>Receives the content of the current message.</summary>
    public IncomingMessage Message => _message!;

    /// <summary>Whether the session may be ended without losing a message.</summary>
    public bool IsBetweenMessages => State is not (SmtpState.ReceivingData or SmtpState.ReceivingChunks);

    /// <summary>Whether a message is under way, or its first one may come.</summary>
    public bool MayHaveMessage => _messages == 0 || _passage is not null;

    /// <summary>
    /// Whether real mail is under way: from a known client, or from any client with a recipient here; or expected,
    /// where the client mostly brings real mail.
    /// </summary>
    public bool HasRealMail => _passage is null ? _expectsRealMail
        : _passage.Transaction is { Class: MailClass.Known } or { Class: MailClass.Ordinary, Recipients.Count: > 0 };

    /// <summary>Begins the session, and returns the greeting.</summary>
    public SmtpReply Begin()
    {
        NormalizesBareLf = _limits.Normalizes(client.Address);
        _expectsRealMail = services.Precedence.Shares.ExpectsRealMail(client);
        TouchReal();
        return listener.Greeting;
    }

    /// <summary>
    /// Returns the reply to a command. The reply to BDAT comes from <see cref="EndChunkAsync"/>, once its octets are
    /// read.
    /// </summary>
    public async ValueTask<SmtpReply> ReplyAsync(SmtpCommand command, CancellationToken ct)
    {
        var reply = command.Error ?? (Forbidden(command.Verb) ?? await DoAsync(command, ct));
        return CountErrors(command.Verb, reply);
    }

    /// <summary>
    /// Returns why a BDAT chunk is refused, so that its octets are read and dropped; null where it is taken.
    /// </summary>
    public SmtpReply? RefuseChunk()
    {
        if (Forbidden(SmtpVerb.Bdat) is { } forbidden)
        {
            return _passage is { Transaction.Recipients.Count: 0 } ? SmtpReplies.NoRecipients : CountErrors(SmtpVerb.Bdat, forbidden);
        }

        State = SmtpState.ReceivingChunks;
        _message ??= NewMessage();
        return null;
    }

    /// <summary>Returns the reply to a chunk whose octets were taken.</summary>
    public async ValueTask<IReadOnlyList<SmtpReply>> EndChunkAsync(bool isLast) =>
        isLast ? await EndMessageAsync() : [Message.Refusal ?? SmtpReplies.Ok];

    /// <summary>Returns the reply to the message: one, or one for each recipient (LMTP, RFC 2033 §4.2).</summary>
    public async ValueTask<IReadOnlyList<SmtpReply>> EndMessageAsync()
    {
        try
        {
            var replies = await services.Pipeline.ReceiveAsync(_passage!, Message);
            if (!IsTrusted && replies.Any(r => r.IsPositive))
            {
                _errors.Accepted(_passage!.Transaction);
            }

            return replies;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>
    /// How long the replies to its last commands are to wait, for its errors; asked for once. None where it holds a turn that
    /// others wait for.
    /// </summary>
    public TimeSpan TakeDelay() => _errors.TakeDelay(isAllowed: !IsTrusted && (_turn is null || _turn == FloodGate.Turn.Free));

    /// <summary>Counts a line of another protocol against the client's network.</summary>
    public void NoteForeign() => _errors.Note(IsTrusted);

    /// <summary>Forgets all that was sent before the TLS handshake (RFC 3207 §4.2).</summary>
    public void StartTls()
    {
        Reset();
        State = SmtpState.Connected;
        client.IsEncrypted = true;
        client.Helo = "";
    }

    public void Dispose()
    {
        Reset();
        services.Precedence.Shares.Move(_class, null);
    }

    private SmtpReply? Forbidden(SmtpVerb verb) => verb switch
    {
        SmtpVerb.Unknown => SmtpReplies.Unrecognized,
        SmtpVerb.SwitchedOff or SmtpVerb.Expn or SmtpVerb.Auth => SmtpReplies.SwitchedOff,
        SmtpVerb.XForward or SmtpVerb.XClient when !(listener.IsProxy && IsFromServer && client.MayVouch) => SmtpReplies.SwitchedOff,
        SmtpVerb.StartTls when !listener.OffersTls => SmtpReplies.SwitchedOff,
        SmtpVerb.StartTls when client.IsEncrypted => SmtpReplies.BadSequence,

        // RFC 2033 §4.1: LMTP has LHLO only, and SMTP has none.
        SmtpVerb.Lhlo when !listener.IsLmtp => SmtpReplies.Unrecognized,
        SmtpVerb.Helo or SmtpVerb.Ehlo when listener.IsLmtp => SmtpReplies.Unrecognized,
        SmtpVerb.Data or SmtpVerb.Bdat when State == SmtpState.HasSender => SmtpReplies.NoRecipients,
        _ => SmtpOrder.Next(State, verb) is null ? SmtpReplies.BadSequence : null,
    };

    private ValueTask<SmtpReply> DoAsync(SmtpCommand command, CancellationToken ct)
    {
        if (command.Verb == SmtpVerb.Rcpt)
        {
            return RecipientAsync(command.Address!, command.Parameters, ct);
        }

        if (command.Verb == SmtpVerb.Mail)
        {
            return MailAsync(command);
        }

        var reply = command.Verb switch
        {
            SmtpVerb.Helo or SmtpVerb.Ehlo or SmtpVerb.Lhlo => Greet(command),
            SmtpVerb.Data => StartData(),
            SmtpVerb.Rset => Reset(),
            SmtpVerb.Vrfy => SmtpReplies.CannotVerify,
            SmtpVerb.Help => SmtpReplies.Help,
            SmtpVerb.StartTls => SmtpReplies.StartTls,
            SmtpVerb.XForward => Forward(command.Client!),
            SmtpVerb.XClient => Replace(command.Client!),
            SmtpVerb.Quit => SmtpReplies.Bye,
            _ => SmtpReplies.Ok,
        };
        if (reply.IsPositive && command.Verb != SmtpVerb.StartTls)
        {
            State = SmtpOrder.Next(State, command.Verb) ?? State;
        }

        return new(reply);
    }

    private SmtpReply Greet(SmtpCommand command)
    {
        // RFC 5321 §4.1.4: a second greeting resets the transaction.
        Reset();
        client.Helo = command.Name!;
        client.IsExtended = command.Verb != SmtpVerb.Helo;
        return client.IsExtended ? listener.ExtendedHello(client.IsEncrypted) : listener.Hello;
    }

    // Postfix sends XFORWARD in several lines; each adds attributes.
    private SmtpReply Forward(ClientAttributes told)
    {
        client.Take(told);
        return SmtpReplies.Ok;
    }

    private SmtpReply Replace(ClientAttributes told)
    {
        client.Become(told);
        return listener.Greeting;
    }

    private async ValueTask<SmtpReply> MailAsync(SmtpCommand command)
    {
        if (++_messages > _limits.MaxMessagesPerConnection)
        {
            return services.Pipeline.Refuse("mail", ServerReasons.MessagesLimit, client, SmtpReplies.TooManyErrors);
        }

        var path = new ReversePath(command.Address);
        var mail = services.Precedence.Shares.ClassOf(client, path);
        services.Precedence.Shares.Move(_class, mail);
        _class = mail;
        if (!services.Precedence.Shares.HasConnections(mail))
        {
            return services.Pipeline.Refuse("mail", ServerReasons.LaneConnections, client, SmtpReplies.TooManyConnections);
        }

        if (mail >= MailClass.NullSender && (_turn = await services.Precedence.Gate.EnterAsync()) is null)
        {
            return services.Pipeline.Refuse("mail", ServerReasons.LaneFull, client, SmtpReplies.TooBusy);
        }

        var transaction = new Transaction(client, path, command.SmtpUtf8, command.Parameters) { Class = mail };
        (var reply, _passage) = await services.Pipeline.BeginAsync(transaction, command.Size);
        if (_passage is not null)
        {
            State = SmtpState.HasSender;
            TouchReal();
        }
        else
        {
            Reset();
        }

        return reply;
    }

    private async ValueTask<SmtpReply> RecipientAsync(MailAddress address, string? parameters, CancellationToken ct)
    {
        var passage = _passage!;
        if (!passage.Transaction.SmtpUtf8 && !(System.Text.Ascii.IsValid(address.LocalPart) && System.Text.Ascii.IsValid(address.Domain)))
        {
            return SmtpReplies.NeedsSmtpUtf8;
        }

        var reply = await services.Pipeline.RecipientAsync(passage, address, parameters, ct);
        TouchReal();
        if (reply.IsPositive && HasRealMail && passage.Transaction.Recipients.Count == 1)
        {
            services.Precedence.Gate.Real.Count();
        }

        State = reply.IsPositive ? SmtpState.HasRecipient : State;
        return reply;
    }

    private void TouchReal()
    {
        if (HasRealMail)
        {
            services.Precedence.Gate.Real.Touch();
        }
    }

    private SmtpReply StartData()
    {
        _message = NewMessage();
        return SmtpReplies.StartMail;
    }

    private IncomingMessage NewMessage() => new(_limits, services.Budget, services.Spool.LargeDirectory);

    private SmtpReply Reset()
    {
        _message?.Dispose();
        _message = null;
        if (_turn is { } turn)
        {
            _turn = null;
            services.Precedence.Gate.Leave(turn);
        }

        if (_passage is { } passage)
        {
            _passage = null;
            passage.Dispose();
            client.Forget();
        }

        State = State == SmtpState.Connected ? State : SmtpState.Ready;
        return SmtpReplies.Ok;
    }

    private SmtpReply CountErrors(SmtpVerb verb, SmtpReply reply)
    {
        if (_errors.Count(verb, reply, _passage?.Transaction, IsTrusted) is not { } ended)
        {
            return reply;
        }

        // The transaction holds what others may need while this answer waits.
        Reset();
        return services.Pipeline.Refuse(ended == ServerReasons.ErrorsLimit ? "session" : "rcpt", ended, client, SmtpReplies.TooManyErrors);
    }
}
