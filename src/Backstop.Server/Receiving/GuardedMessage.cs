using System.Buffers;
using System.Text;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Receiving;

/// <summary>A field that the server behind us is to take away: it has a name of ours.</summary>
/// <param name="Name">As written, octet for octet.</param>
/// <param name="Index">Which of that name, counted from 1.</param>
internal readonly record struct StrangeField(byte[] Name, int Index);

/// <summary>
/// A message that another server shows us piece by piece. Its front is kept, for that is what is judged; the rest is counted. Lines
/// end in LF.
/// </summary>
internal sealed class GuardedMessage(ReceiveBudget budget, Func<ReadOnlySpan<byte>, bool> isOurs) : IReceived, IDisposable
{
    private readonly Dictionary<string, int> _counts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<StrangeField> _strange = [];
    private readonly MessageFront _front = new(budget);
    private bool _endedInCr;
    private int _hops;

    /// <summary>The front: all of it where it is as long as <see cref="Length"/>.</summary>
    public ReadOnlyMemory<byte> Front => _front.Octets;

    /// <summary>Octets shown to us.</summary>
    public long Length { get; private set; }

    /// <inheritdoc />
    public SmtpReply? Refusal => null;

    /// <inheritdoc />
    public int Close(ContentRules rules, MailMessage? front, bool toDisk) => _hops;

    /// <summary>Fields to take away, the last first, so that the numbers of the others stay.</summary>
    public IEnumerable<StrangeField> Strange => _strange.AsEnumerable().Reverse();

    /// <summary>Adds a header field.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its body, with the white space behind the colon.</param>
    public void AddField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _hops += Ascii.EqualsIgnoreCase(name, "Received"u8) ? 1 : 0;
        if (_strange.Count < HeaderScan.MaxFields && isOurs(name))
        {
            // The key stands for the octets, one for one.
            var key = Encoding.Latin1.GetString(name);
            var index = _counts[key] = _counts.GetValueOrDefault(key) + 1;
            _strange.Add(new(name.ToArray(), index));
        }

        Add(name);
        Add(":"u8);
        Add(value);
        Add("\n"u8);
    }

    /// <summary>The header is over.</summary>
    public void EndHeader() => Add("\n"u8);

    /// <summary>Adds a piece of the body.</summary>
    /// <param name="body">Lines that end in CRLF; a line end may be cut in two.</param>
    public void AddBody(ReadOnlySequence<byte> body)
    {
        foreach (var piece in body)
        {
            AddLines(piece.Span);
        }
    }

    public void Dispose() => _front.Dispose();

    // CRLF becomes LF; a lone CR stays.
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
