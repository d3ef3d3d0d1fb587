using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>The octets that a DKIM signature signs: RFC 6376 §3.4 and §3.7, the header alone.</summary>
internal static class DkimHeader
{
    private const int MaxNames = 100;

    /// <summary>The signed fields in the order of h=, then the signature itself with an empty b=.</summary>
    public static byte[] Canonicalize(
        ReadOnlySpan<byte> header, List<HeaderField> fields, HeaderField signature, string[] names, bool isRelaxed)
    {
        var data = new List<byte>(4096);
        var used = new HashSet<int>();
        foreach (var name in names.Take(MaxNames))
        {
            // RFC 6376 §5.4.2: the last one first; a name beyond the last stands for a field that must not be there.
            var index = LastUnused(header, fields, Encoding.ASCII.GetBytes(name), used);
            if (index >= 0)
            {
                used.Add(index);
                Append(data, header, fields[index], fields[index].RawBody(header), isRelaxed);
                data.AddRange("\r\n"u8);
            }
        }

        Append(data, header, signature, WithoutB(signature.RawBody(header)), isRelaxed);
        return [.. data];
    }

    private static int LastUnused(ReadOnlySpan<byte> header, List<HeaderField> fields, byte[] name, HashSet<int> used)
    {
        for (var i = fields.Count - 1; i >= 0; i--)
        {
            if (!used.Contains(i) && fields[i].Is(header, name))
            {
                return i;
            }
        }

        return -1;
    }

    private static void Append(List<byte> data, ReadOnlySpan<byte> header, HeaderField field, ReadOnlySpan<byte> body, bool isRelaxed)
    {
        if (isRelaxed)
        {
            foreach (var c in field.Name(header))
            {
                data.Add((byte)char.ToLowerInvariant((char)c));
            }

            data.Add((byte)':');
            AppendRelaxed(data, body);
            return;
        }

        // §3.4.1: as it was. Only the line ends are transport's.
        data.AddRange(header[field.NameStart..field.BodyStart]);
        foreach (var c in body)
        {
            if (c == (byte)'\n' && (data.Count == 0 || data[^1] != (byte)'\r'))
            {
                data.Add((byte)'\r');
            }

            data.Add(c);
        }
    }

    // §3.4.2: unfold, runs of white space become one space, none at either end.
    private static void AppendRelaxed(List<byte> data, ReadOnlySpan<byte> body)
    {
        var start = data.Count;
        var space = false;
        foreach (var c in body)
        {
            if (c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                space = true;
                continue;
            }

            if (space && data.Count > start)
            {
                data.Add((byte)' ');
            }

            space = false;
            data.Add(c);
        }
    }

    // §3.5: everything between "b=" and the next semicolon goes, and nothing else: bh= stays.
    private static byte[] WithoutB(ReadOnlySpan<byte> body)
    {
        for (var at = 0; at < body.Length;)
        {
            var end = body[at..].IndexOf((byte)';');
            end = end < 0 ? body.Length : at + end;
            var tag = body[at..end];
            var equals = tag.IndexOf((byte)'=');
            if (equals > 0 && tag[..equals].Trim(" \t\r\n"u8).SequenceEqual("b"u8))
            {
                return [.. body[..(at + equals + 1)], .. body[end..]];
            }

            at = end + 1;
        }

        return body.ToArray();
    }
}
