using System.Buffers;
using System.Globalization;
using Backstop.Mail;

namespace Backstop.Protocols.Smtp;

/// <summary>
/// Reads a server's replies, as a client does (RFC 5321 §4.2). The result does not depend on how the octets are split.
/// After an error the connection cannot be used.
/// </summary>
public sealed class SmtpReplyReader
{
    /// <summary>The longest line that is accepted: eight times the limit of RFC 5321 §4.5.3.1.5.</summary>
    public const int MaxLine = 4096;

    /// <summary>The most lines of a reply that are accepted.</summary>
    public const int MaxLines = 200;

    private const string TooLong = "sent a reply that does not end";

    private readonly List<string> _lines = [];
    private int _code;

    /// <summary>Takes octets up to the end of a reply.</summary>
    /// <param name="input">The unread octets; those taken are cut off.</param>
    /// <param name="code">The reply's code, once the reply is complete.</param>
    /// <param name="lines">Its texts without the code, once the reply is complete; at least one.</param>
    /// <param name="error">What the server did wrong, to follow "the server"; null if nothing.</param>
    /// <returns>False while the reply is incomplete; true with a reply or an error.</returns>
    public bool TryRead(ref ReadOnlySequence<byte> input, out int code, out IReadOnlyList<string> lines, out string? error)
    {
        (code, lines, error) = (0, [], null);
        while (input.PositionOf((byte)'\n') is { } end)
        {
            var line = input.Slice(0, end);
            input = input.Slice(input.GetPosition(1, end));
            var isLast = false;
            error = line.Length > MaxLine ? TooLong : Take(HeaderText.ToText(line.ToArray()).TrimEnd('\r'), out isLast);
            if (error is not null)
            {
                return true;
            }

            if (isLast)
            {
                (code, lines) = (_code, [.. _lines]);
                _lines.Clear();
                return true;
            }
        }

        error = input.Length > MaxLine ? TooLong : null;
        return error is not null;
    }

    private string? Take(string line, out bool isLast)
    {
        isLast = line.Length <= 3 || line[3] != '-';
        if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            return "does not speak SMTP";
        }

        // RFC 5321 §4.2.1: all lines of a reply have the same code. With two codes the meaning is unclear.
        if (_lines.Count > 0 && code != _code)
        {
            return string.Create(CultureInfo.InvariantCulture, $"answered {_code} and {code} at once");
        }

        _code = code;
        _lines.Add(line.Length > 4 ? line[4..] : "");
        return _lines.Count >= MaxLines && !isLast ? TooLong : null;
    }
}
