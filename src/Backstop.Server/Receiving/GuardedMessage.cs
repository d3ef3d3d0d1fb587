using System.Buffers;
using System.Text;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Receiving;

/// <summary>A field that the mail server must remove, because it has a name that only we may write.</summary>
/// <param name="Name">The name, octet for octet.</param>
/// <param name="Index">Its number among the fields of that name, from 1.</param>
internal readonly record struct StrangeField(byte[] Name, int Index);

/// <summary>
/// A message that another server shows us piece by piece. Its beginning is kept, which is what is judged; the rest is
/// only counted. Lines end in LF.
/// </summary>
internal sealed class GuardedMessage(ReceiveBudget budget, Func<ReadOnlySpan<byte>, bool> isOurs) : IReceived, IDisposable
{
    private readonly Dictionary<string, int> _counts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<StrangeField> _strange = [];
    private readonly MessageFront _front = new(budget);
    private bool _endedInCr;
    private int _hops;

    /// <summary>The beginning of the message; all of it where it is as long as <see cref="Length"/>.</summary>
    public ReadOnlyMemory<byte> Front => _front.Octets;

    /// <summary>How many octets were shown to us.</summary>
    public long Length { get; private set; }

    /// <inheritdoc />
    public SmtpReply? Refusal => null;

    /// <inheritdoc />
    public int Close(ContentRules rules, MailMessage? front, bool toDisk) => _hops;

    /// <summary>The fields to remove, the last first, so that the numbers of the others stay valid.</summary>
    public IEnumerable<StrangeField> Strange => _strange.AsEnumerable().Reverse();

    /// <summary>Adds a header field.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="value">The field's body, with the white space after the colon.</param>
    public void AddField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _hops += Ascii.EqualsIgnoreCase(name, "Received"u8) ? 1 : 0;
        if (_strange.Count < HeaderScan.MaxFields && isOurs(name))
        {
            // Latin-1 maps each octet to one character, so the key stands for the octets.
            var key = Encoding.Latin1.GetString(name);
            var index = _counts[key] = _counts.GetValueOrDefault(key) + 1;
            _strange.Add(new(name.ToArray(), index));
        }

        Add(name);
        Add(":"u8);
        Add(value);
        Add("\n"u8);
    }

    /// <summary>Ends the header.</summary>
    public void EndHeader() => Add("\n"u8);

    /// <summary>Adds a piece of the body.</summary>
    /// <param name="body">Lines that end in CRLF. A CRLF may be split between two pieces.</param>
    public void AddBody(ReadOnlySequence<byte> body)
    {
        foreach (var piece in body)
        {
            AddLines(piece.Span);
        }
    }

    public void Dispose() => _front.Dispose();

    // CRLF becomes LF. A single CR stays.
    private void AddLines(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            if (_endedInCr)
            {
                _endedInCr = false;
                if (text[0] != (byte)'\n')
                {
                    Add("\r"u8);
                }
            }

            var cr = text.IndexOf((byte)'\r');
            Add(cr < 0 ? text : text[..cr]);
            _endedInCr = cr >= 0;
            text = cr < 0 ? [] : text[(cr + 1)..];
        }
    }

    private void Add(ReadOnlySpan<byte> text)
    {
        Length += text.Length;
        _ = _front.Add(text);
    }
}
