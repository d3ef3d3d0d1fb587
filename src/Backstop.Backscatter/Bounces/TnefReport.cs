using System.Buffers.Binary;

namespace Backstop.Backscatter.Bounces;

/// <summary>Recognises receipts and failures that Outlook sends as winmail.dat (MS-OXTNEF) by the message's class.</summary>
internal static class TnefReport
{
    private const uint Signature = 0x223E9F78;
    private const uint MessageClass = 0x00078008;
    private const int MaxAttributes = 32;

    /// <summary>Returns the kind, or null if it is not a report.</summary>
    /// <param name="tnef">The part's content with its transfer encoding removed; it may be cut.</param>
    public static MailKind? Read(ReadOnlySpan<byte> tnef)
    {
        if (tnef.Length < 6 || BinaryPrimitives.ReadUInt32LittleEndian(tnef) != Signature)
        {
            return null;
        }

        // MS-OXTNEF §2.1.3: level (1), id (4), length (4), content, checksum (2).
        var rest = tnef[6..];
        for (var count = 0; count < MaxAttributes && rest.Length >= 9; count++)
        {
            var id = BinaryPrimitives.ReadUInt32LittleEndian(rest[1..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[5..]);
            rest = rest[9..];
            if (id == MessageClass)
            {
                return KindOf(rest[..(int)Math.Min(length, (uint)rest.Length)]);
            }

            if (length + 2L > rest.Length)
            {
                return null;
            }

            rest = rest[(int)(length + 2)..];
        }

        return null;
    }

    private static MailKind? KindOf(ReadOnlySpan<byte> messageClass) =>
        Ends(messageClass, "Read Receipt"u8) || Ends(messageClass, "IPNRN"u8) || Ends(messageClass, "IPNNRN"u8) ? MailKind.Mdn
        : Ends(messageClass, "Non-Delivery"u8) || Ends(messageClass, ".NDR"u8) ? MailKind.Bounce
        : null;

    private static bool Ends(ReadOnlySpan<byte> messageClass, ReadOnlySpan<byte> end) =>
        messageClass.TrimEnd((byte)0) is var whole && whole.Length >= end.Length
            && System.Text.Ascii.EqualsIgnoreCase(whole[^end.Length..], end);
}
