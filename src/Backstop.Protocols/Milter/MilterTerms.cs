using System.Buffers;
using System.Buffers.Binary;

namespace Backstop.Protocols.Milter;

/// <summary>What a server offers, or what both agreed on: version, actions, steps.</summary>
/// <param name="Version">2 to 6.</param>
/// <param name="Actions">What may be changed.</param>
/// <param name="Steps">What is left out, and what is not answered.</param>
public readonly record struct MilterTerms(int Version, MilterActions Actions, MilterSteps Steps)
{
    /// <summary>The newest version of the protocol that is spoken here.</summary>
    public const int NewestVersion = 6;

    /// <summary>The oldest that says what it offers.</summary>
    public const int OldestVersion = 2;

    private const int Size = 12;

    /// <summary>Reads the server's offer, the data of a <see cref="MilterEvent.Negotiate"/> packet.</summary>
    /// <param name="data">The packet's data: version, actions and steps, four octets each, big-endian.</param>
    /// <exception cref="FormatException">The data is shorter than 12 octets, or the version is older than
    /// <see cref="OldestVersion"/>.</exception>
    public static MilterTerms Read(ReadOnlySpan<byte> data)
    {
        if (data.Length < Size)
        {
            throw new FormatException("an offer that is too short");
        }

        var version = BinaryPrimitives.ReadUInt32BigEndian(data);
        if (version < OldestVersion)
        {
            throw new FormatException($"milter protocol version {version}");
        }

        return new(
            (int)Math.Min(version, NewestVersion), (MilterActions)BinaryPrimitives.ReadUInt32BigEndian(data[4..]),
            (MilterSteps)BinaryPrimitives.ReadUInt32BigEndian(data[8..]));
    }

    /// <summary>What we take of an offer: never more than was offered, or the server hangs up.</summary>
    /// <param name="actions">What we would change.</param>
    /// <param name="steps">What we would leave out.</param>
    public MilterTerms Take(MilterActions actions, MilterSteps steps) => new(Version, Actions & actions, Steps & steps);

    /// <summary>Writes them as the answer to an offer.</summary>
    /// <param name="output">Receives the packet.</param>
    public void Write(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var span = output.GetSpan(4 + 1 + Size);
        BinaryPrimitives.WriteUInt32BigEndian(span, 1 + Size);
        span[4] = (byte)MilterEvent.Negotiate;
        BinaryPrimitives.WriteUInt32BigEndian(span[5..], (uint)Version);
        BinaryPrimitives.WriteUInt32BigEndian(span[9..], (uint)Actions);
        BinaryPrimitives.WriteUInt32BigEndian(span[13..], (uint)Steps);
        output.Advance(4 + 1 + Size);
    }
}
