using System.Buffers;
using System.Buffers.Binary;

namespace Backstop.Protocols.Milter;

/// <summary>What the server offers, or what both sides agreed on: version, actions, steps.</summary>
/// <param name="Version">2 to 6.</param>
/// <param name="Actions">The changes that the filter may make.</param>
/// <param name="Steps">The events that are not sent or not answered.</param>
public readonly record struct MilterTerms(int Version, MilterActions Actions, MilterSteps Steps)
{
    /// <summary>The newest protocol version that we speak.</summary>
    public const int NewestVersion = 6;

    /// <summary>The oldest version whose offer states actions and steps.</summary>
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
            throw new FormatException($"milter protocol version {version}; the oldest supported is {OldestVersion}");
        }

        return new(
            (int)Math.Min(version, NewestVersion), (MilterActions)BinaryPrimitives.ReadUInt32BigEndian(data[4..]),
            (MilterSteps)BinaryPrimitives.ReadUInt32BigEndian(data[8..]));
    }

    /// <summary>Limits what we want to what was offered: a server hangs up on a filter that asks for more.</summary>
    /// <param name="actions">The changes that we want to make.</param>
    /// <param name="steps">The events that we do not want, or do not answer.</param>
    public MilterTerms Take(MilterActions actions, MilterSteps steps) => new(Version, Actions & actions, Steps & steps);

    /// <summary>Writes the terms as the answer to an offer.</summary>
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
