using System.Buffers;
using System.Text;
using Backstop.Mail;

namespace Backstop.Protocols.Policy;

/// <summary>A request of Postfix's policy delegation: lines of <c>name=value</c>, then an empty line.</summary>
/// <remarks>The answer is one line, <c>action=</c> and an action of access(5), then an empty line.</remarks>
public sealed class PolicyRequest
{
    /// <summary>The longest request; Postfix sends about 800 octets.</summary>
    public const int MaxLength = 64 << 10;

    private const int MaxAttributes = 200;

    private readonly Dictionary<string, string> _attributes = new(StringComparer.Ordinal);

    private PolicyRequest()
    {
    }

    /// <summary>The value of an attribute; empty if it was not sent.</summary>
    /// <param name="name">Such as <c>client_address</c>.</param>
    public string this[string name] => _attributes.GetValueOrDefault(name, "");

    /// <summary>Takes a request off the front of a buffer.</summary>
    /// <param name="buffer">What was received; what is left of it.</param>
    /// <returns>Null while the request is incomplete.</returns>
    /// <exception cref="FormatException">A line has no <c>=</c>, or the request is longer than <see
    /// cref="MaxLength"/>.</exception>
    public static PolicyRequest? TryRead(ref ReadOnlySequence<byte> buffer)
    {
        var request = new PolicyRequest();
        var reader = new SequenceReader<byte>(buffer);
        while (reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            if (reader.Consumed > MaxLength)
            {
                break;
            }

            var text = HeaderText.ToText(line.IsSingleSegment ? line.FirstSpan : line.ToArray()).TrimEnd('\r');
            if (text.Length == 0)
            {
                buffer = buffer.Slice(reader.Position);
                return request;
            }

            request.Add(text);
        }

        return buffer.Length <= MaxLength ? null : throw new FormatException("a policy request that does not end");
    }

    /// <summary>Formats an action of access(5) as an answer.</summary>
    /// <param name="action">Such as <c>DUNNO</c> or <c>550 5.7.1 No</c>.</param>
    public static byte[] Answer(string action) => Encoding.UTF8.GetBytes($"action={OneLine(action)}\n\n");

    private void Add(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || _attributes.Count >= MaxAttributes)
        {
            throw new FormatException("a policy request with a line that is not name=value");
        }

        _attributes[line[..equals]] = line[(equals + 1)..];
    }

    private static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}
