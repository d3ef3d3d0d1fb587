using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Backstop.MailAuth.Dnsbl;

/// <summary>The answers of a list that mean "listed": one address, or a range such as <c>127.0.0.2-127.0.0.11</c>.</summary>
/// <param name="First">The lowest.</param>
/// <param name="Last">The highest; not below <paramref name="First"/>.</param>
public readonly record struct DnsblCodes(uint First, uint Last)
{
    // RFC 5782 §2.1: 127.0.0.2 by convention. Sinkholes and blocking resolvers answer 127.0.0.1 to every name.
    private const uint Lowest = 0x7F000002;

    // Large lists answer with addresses above this, in 127.255.255/24, to clients that they refuse to serve.
    private const uint Highest = 0x7FFFFEFF;

    /// <summary>Every valid answer of a list: 127.0.0.2 to 127.255.254.255.</summary>
    public static DnsblCodes Any { get; } = new(Lowest, Highest);

    /// <summary>Parses the form that <see cref="ToString"/> writes.</summary>
    /// <param name="text">An address, or two addresses with a hyphen between them.</param>
    /// <param name="codes">The range.</param>
    /// <returns>False if the text is neither, or outside <see cref="Any"/>.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out DnsblCodes codes)
    {
        codes = default;
        var ends = (text ?? "").Split('-');
        if (ends.Length > 2 || Number(ends[0]) is not { } first || Number(ends[^1]) is not { } last || first > last
            || first < Lowest || last > Highest)
        {
            return false;
        }

        codes = new(first, last);
        return true;
    }

    /// <summary>Whether an answer is in the range.</summary>
    /// <param name="answer">An address.</param>
    public bool Contains(IPAddress answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return Number(answer) is { } number && number >= First && number <= Last;
    }

    /// <inheritdoc />
    public override string ToString() => First == Last ? $"{Address(First)}" : $"{Address(First)}-{Address(Last)}";

    private static uint? Number(string text) =>
        IPAddress.TryParse(text, out var address) && address.ToString() == text ? Number(address) : null;

    private static uint? Number(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) : null;

    private static IPAddress Address(uint number)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, number);
        return new(octets);
    }
}
