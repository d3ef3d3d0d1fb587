using System.Buffers;
using System.Net;
using System.Text;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Milter;
using Backstop.Server.Outbound;
using Backstop.Server.Receiving;
using Backstop.Server.Way;

namespace Backstop.Server.Guard;

/// <summary>The services that all sessions of mail servers share.</summary>
internal sealed record GuardServices(
    BackstopOptions Options, MailPipeline<GuardedMessage> Pipeline, AnswerEnds Ends, OutboundMail Outbound, ContentRules ContentRules,
    ReceiveBudget Budget, LocalPeers Peers, TimeProvider Time);

/// <summary>
/// The session of one connection of a mail server, which reports one client after another and one message after
/// another. It answers events and knows neither sockets nor frames.
/// </summary>
internal sealed class MilterSession(GuardServices services, LocalPeer peer) : IDisposable
{
    // A step that is not answered costs no round trip, so the server waits only at RCPT and at the end of a message.
    private const MilterSteps Steps =
        MilterSteps.NoUnknown | MilterSteps.NoData | MilterSteps.NoConnectReply | MilterSteps.NoHeloReply
        | MilterSteps.NoMailReply | MilterSteps.NoHeaderReply | MilterSteps.NoEndOfHeaderReply
        | MilterSteps.NoBodyReply | MilterSteps.LeadingSpace;

    private const MilterActions Actions =
        MilterActions.AddHeaders | MilterActions.ChangeHeaders | MilterActions.ChangeSender | MilterActions.Quarantine;

    private static readonly TimeSpan _progressEvery = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, string> _clientMacros = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _messageMacros = new(StringComparer.Ordinal);
    private readonly List<MailAddress> _to = [];
    private MilterTerms _terms = new(MilterTerms.OldestVersion, MilterActions.None, MilterSteps.None);
    private ClientIdentity _client = new() { Address = IPAddress.None };
    private AnswerEnds.AnswerEnd? _end;
    private Passage<GuardedMessage>? _passage;
    private GuardedMessage? _message;
    private byte[] _path = [];
    private bool _isOutbound;

    /// <summary>Answers an event.</summary>
    /// <param name="frame">The event.</param>
    /// <param name="output">Receives the answer.</param>
    /// <param name="flushAsync">Sends what was written until now.</param>
    /// <returns>Whether the connection continues.</returns>
    public async ValueTask<bool> AnswerAsync(MilterFrame frame, IBufferWriter<byte> output, Func<ValueTask> flushAsync)
    {
        switch (frame.Event)
        {
            case MilterEvent.Recipient:
                await RecipientAsync(frame, output);
                return true;
            case MilterEvent.EndOfMessage:
                await EndAsync(frame, output, flushAsync);
                return true;
            case MilterEvent.Quit:
                return false;
            default:
                Take(frame, output);
                return true;
        }
    }

    public void Dispose() => _message?.Dispose();

    private void Take(MilterFrame frame, IBufferWriter<byte> output)
    {
        var data = frame.Data.IsSingleSegment ? frame.Data.FirstSpan : frame.Data.ToArray();
        switch (frame.Event)
        {
            case MilterEvent.Negotiate:
                _terms = MilterTerms.Read(data).Take(Actions, Steps);
                _terms.Write(output);
                break;
            case MilterEvent.Macros:
                Remember(data);
                break;
            case MilterEvent.Connect:
                Connect(data);
                Continue(output, MilterSteps.NoConnectReply);
                break;
            case MilterEvent.Helo:
                _client.Helo = HeaderText.ToText(MilterData.Strings(data).FirstOrDefault([]));
                _client.IsExtended = true;
                Continue(output, MilterSteps.NoHeloReply);
                break;
            case MilterEvent.Mail:
                Mail(MilterData.Strings(data));
                Continue(output, MilterSteps.NoMailReply);
                break;
            case MilterEvent.Header:
                Header(MilterData.Strings(data));
                Continue(output, MilterSteps.NoHeaderReply);
                break;
            case MilterEvent.EndOfHeader:
                _message?.EndHeader();
                Continue(output, MilterSteps.NoEndOfHeaderReply);
                break;
            case MilterEvent.Body:
                _message?.AddBody(frame.Data);
                Continue(output, MilterSteps.NoBodyReply);
                break;
            case MilterEvent.Abort:
                EndMessage();
                break;
            case MilterEvent.QuitClient:
                EndMessage();
                _clientMacros.Clear();
                break;
            case MilterEvent.Data:
            case MilterEvent.Unknown:
                MilterReply.Continue(output);
                break;
            default:
                throw new FormatException($"unknown event code {(int)frame.Event}");
        }
    }

    private void Continue(IBufferWriter<byte> output, MilterSteps unanswered)
    {
        if (!_terms.Steps.HasFlag(unanswered))
        {
            MilterReply.Continue(output);
        }
    }

    private void Remember(ReadOnlySpan<byte> data)
    {
        var (stage, values) = MilterData.Macros(data);
        var macros = stage is MilterEvent.Connect or MilterEvent.Helo ? _clientMacros : _messageMacros;
        foreach (var (name, value) in values)
        {
            macros[name] = value;
        }
    }

    private void Connect(ReadOnlySpan<byte> data)
    {
        EndMessage();
        var (_, client) = MilterData.Connect(data);
        var address = client?.Address ?? IPAddress.None;
        _client = new() { Address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address };
    }

    private void Mail(IReadOnlyList<byte[]> arguments)
    {
        // The macros of this MAIL came before it. Those of the last message must not be used for it.
        EndMessage(keepsMacros: true);
        _client.IsEncrypted = _clientMacros.GetValueOrDefault("tls_version", "").Length > 0;
        _client.Login = _messageMacros.GetValueOrDefault("auth_authen", "");
        _path = arguments.FirstOrDefault([]);
        var reversePath = new ReversePath(Address(_path));
        _isOutbound = peer.MayClaim && services.Outbound.IsOurs(
            _client.Address, _client.Login, _clientMacros.GetValueOrDefault("daemon_name", ""));
        var transaction = new Transaction(_client, reversePath, arguments.Any(a => Ascii.EqualsIgnoreCase(a, "SMTPUTF8"u8)));
        _end = services.Ends.For(transaction);
        _passage = new(transaction, _end);
        _message = new(services.Budget, services.ContentRules.IsOurs);
    }

    private async ValueTask RecipientAsync(MilterFrame frame, IBufferWriter<byte> output)
    {
        var path = MilterData.Strings(frame.Data.ToArray()).FirstOrDefault([]);
        if (_passage is not null && Address(path) is { } address)
        {
            if (_isOutbound)
            {
                _to.Add(address);
            }
            else if (await services.Pipeline.RecipientAsync(
                _passage, address, parameters: null, CancellationToken.None) is { IsPositive: false } refusal)
            {
                MilterReply.Reply(output, refusal.ToString());
                return;
            }
        }

        Continue(output, MilterSteps.NoRecipientReply);
    }

    private void Header(IReadOnlyList<byte[]> field)
    {
        if (_message is not null && field.Count > 0)
        {
            var value = field.Count > 1 ? field[1] : [];
            _message.AddField(field[0], _terms.Steps.HasFlag(MilterSteps.LeadingSpace) ? value : [(byte)' ', .. value]);
        }
    }

    private async ValueTask EndAsync(MilterFrame frame, IBufferWriter<byte> output, Func<ValueTask> flushAsync)
    {
        if (_passage is not { } passage || _message is not { } message)
        {
            MilterReply.Continue(output);
            return;
        }

        message.AddBody(frame.Data);
        if (_isOutbound)
        {
            var changes = peer.MayVouch
                ? await services.Outbound.PrepareAsync(passage.Transaction.ReversePath, _to, SentHeader.Read(message.Front.Span).MessageId)
                : OutboundChanges.None;
            Change(output, changes);
        }
        else
        {
            await JudgeAsync(passage, message, output, flushAsync);
        }

        EndMessage();
    }

    private async ValueTask JudgeAsync(
        Passage<GuardedMessage> passage, GuardedMessage message, IBufferWriter<byte> output, Func<ValueTask> flushAsync)
    {
        var judging = services.Pipeline.ReceiveAsync(passage, message).AsTask();
        while (!judging.IsCompleted && await Task.WhenAny(judging, Task.Delay(_progressEvery, services.Time)) != judging)
        {
            MilterReply.Progress(output);
            await flushAsync();
        }

        if ((await judging)[0] is { IsPositive: false } refusal)
        {
            MilterReply.Reply(output, refusal.ToString());
            return;
        }

        var answer = _end!.Answer;

        foreach (var strange in _terms.Actions.HasFlag(MilterActions.ChangeHeaders) ? message.Strange : [])
        {
            MilterReply.ChangeHeader(output, strange.Index, strange.Name, default);
        }

        Insert(output, answer.Fields);
        if (answer.Verdict is { Action: VerdictAction.File } filed && services.Options.Guard.FiledAs == FiledAs.Quarantine
            && _terms.Actions.HasFlag(MilterActions.Quarantine))
        {
            MilterReply.Quarantine(output, filed.Reason.Word);
        }

        MilterReply.Continue(output);
    }

    private void Change(IBufferWriter<byte> output, OutboundChanges changes)
    {
        Insert(output, changes.Fields);
        if (changes.Sender is { } sender && _terms.Actions.HasFlag(MilterActions.ChangeSender))
        {
            MilterReply.ChangeSender(output, HeaderText.EncodingOf(_path).GetBytes(new ReversePath(sender).ToString()));
        }

        MilterReply.Continue(output);
    }

    private void Insert(IBufferWriter<byte> output, IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        if (!_terms.Actions.HasFlag(MilterActions.AddHeaders))
        {
            return;
        }

        var space = _terms.Steps.HasFlag(MilterSteps.LeadingSpace) ? " " : "";
        foreach (var (name, value) in fields.Reverse())
        {
            MilterReply.InsertHeader(output, 0, name, space + value);
        }
    }

    private void EndMessage(bool keepsMacros = false)
    {
        _message?.Dispose();
        _message = null;
        _passage?.Dispose();
        (_passage, _end) = (null, null);
        _to.Clear();
        if (!keepsMacros)
        {
            _messageMacros.Clear();
        }
    }

    // A path in brackets. A local name without a domain is the server's own notation.
    private static MailAddress? Address(byte[] path)
    {
        var text = HeaderText.ToText(path).AsSpan().Trim();
        text = text.Length >= 2 && text[0] == '<' && text[^1] == '>' ? text[1..^1] : text;
        return text.IsEmpty
            ? null
            : MailAddress.TryParse(text) ?? (text.Contains('@') ? new("invalid", "invalid.invalid") : new(text.ToString(), ""));
    }
}
