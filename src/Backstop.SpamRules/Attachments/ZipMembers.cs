using System.IO.Compression;
using Backstop.Mail;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Attachments;

/// <summary>
/// The members of archives of one message. Whatever they claim, at most <see cref="MaxUnpacked"/> octets of a message are unpacked
/// and 2,000 members opened; of a member that is longer than 4 MiB, its beginning is looked at.
/// </summary>
internal sealed class ZipMembers
{
    /// <summary>The most octets that are unpacked of one message.</summary>
    public const int MaxUnpacked = 16 << 20;

    private const int MaxMember = 4 << 20;
    private const int MaxMembers = 10_000;
    private const int MaxReads = 2000;

    // Opening a member costs as much as unpacking so many octets.
    private const int OpeningCost = 4096;

    private int _left = MaxUnpacked;
    private int _reads;

    /// <summary>Octets that may still be unpacked.</summary>
    public int Left => _left;

    /// <summary>The members in the order of the archive's directory; null if the data is not an archive.</summary>
    public static List<ZipArchiveEntry>? Open(string name, string data)
    {
        if (!data.StartsWith("PK", StringComparison.Ordinal) && !name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            MessageBudget.Charge(data.Length);
            var archive = new ZipArchive(new MemoryStream(Octets.ToBytes(data), writable: false), ZipArchiveMode.Read);
            return [.. archive.Entries.Take(MaxMembers)];
        }
        catch (Exception error) when (IsBroken(error))
        {
            return null;
        }
    }

    /// <summary>
    /// The octets of a member; null if it is encrypted, damaged or packed by an unknown method, or if a limit is reached.
    /// </summary>
    public string? Read(ZipArchiveEntry member)
    {
        if (member.IsEncrypted || _reads++ >= MaxReads)
        {
            return null;
        }

        MessageBudget.Charge(OpeningCost);

        try
        {
            using var stream = member.Open();
            var max = Math.Min(MaxMember, _left);
            var buffer = new byte[Math.Min(max, 64 * 1024)];
            using var read = new MemoryStream();
            while (read.Length < max)
            {
                var count = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, max - read.Length));
                if (count == 0)
                {
                    break;
                }

                MessageBudget.Charge(count);
                _left -= count;
                read.Write(buffer, 0, count);
            }

            return Octets.FromBytes(read.GetBuffer().AsSpan(0, (int)read.Length));
        }
        catch (Exception error) when (IsBroken(error))
        {
            return null;
        }
    }

    private static bool IsBroken(Exception error) =>
        error is InvalidDataException or IOException or NotSupportedException or ArgumentException or OverflowException;
}
