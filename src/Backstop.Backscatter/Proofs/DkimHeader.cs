using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>Computes the octets that a DKIM signature signs: RFC 6376 §3.4 and §3.7, without the body.</summary>
internal static class DkimHeader
{
    private const int MaxNames = 100;

    /// <summary>Returns the signed fields in the order of h=, then the signature itself with an empty b=.</summary>
    public static byte[] Canonicalize(
        ReadOnlySpan<byte> header, List<HeaderField> fields, HeaderField signature, string[] names, bool isRelaxed)
    {
        var data = new List<byte>(4096);
        var used = new HashSet<int>();
        foreach (var name in names.Take(MaxNames))
        {
            // RFC 6376 §5.4.2: of several fields with one name the last is taken first; a name listed more often than the
            // field occurs stands for a field that must be absent.
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

        // §3.4.1: unchanged; only the line ends are those of the transport.
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

    // §3.4.2: unfold, reduce runs of white space to one space, and trim both ends.
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

    // §3.5: remove everything between "b=" and the next semicolon, and nothing else: bh= stays.
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
