using System.Buffers;
using System.Text;
using Backstop.Mail;
using Backstop.Server.Smtp;

namespace Backstop.Server.Guard;

/// <summary>A field that the server behind us is to take away: it has a name of ours.</summary>
/// <param name="Name">As written.</param>
/// <param name="Index">Which of that name, counted from 1.</param>
internal readonly record struct StrangeField(string Name, int Index);

/// <summary>
/// A message that another server shows us piece by piece. Its front is kept, for that is what is judged; the rest is counted. Lines end in LF.
/// </summary>
internal sealed class GuardedMessage(ReceiveBudget budget, Func<string, bool> isOurs) : IDisposable
{
    private readonly Dictionary<string, int> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<StrangeField> _strange = [];
    private readonly MessageFront _front = new(budget);
    private bool _endedInCr;

    /// <summary>The front: all of it where it is as long as <see cref="Length"/>.</summary>
    public ReadOnlyMemory<byte> Front => _front.Octets;

    /// <summary>Octets shown to us.</summary>
    public long Length { get; private set; }

    /// <summary>The Message-ID as written, without brackets; null where there is none.</summary>
    public string? MessageId { get; private set; }

    /// <summary>Received fields (RFC 5321 §6.3).</summary>
    public int Hops => _names.GetValueOrDefault("Received");

    /// <summary>Fields to take away, the last first, so that the numbers of the others stay.</summary>
    public IEnumerable<StrangeField> Strange => _strange.AsEnumerable().Reverse();

    /// <summary>Adds a header field.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its body, with the white space behind the colon.</param>
    public void AddField(string name, string value)
    {
        if (_names.Count < HeaderScan.MaxFields || _names.ContainsKey(name))
        {
            var index = _names[name] = _names.GetValueOrDefault(name) + 1;
            if (isOurs(name) && _strange.Count < HeaderScan.MaxFields)
            {
                _strange.Add(new(name, index));
            }
        }

        if (MessageId is null && name.Equals("Message-ID", StringComparison.OrdinalIgnoreCase) && value.Trim() is { Length: > 0 } id)
        {
            MessageId = id.Trim('<', '>', ' ', '\t');
        }

        Add(Encoding.UTF8.GetBytes($"{name}:{value}\n"));
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
