using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Backstop.Tests.Server;

/// <summary>
/// A scripted milter connection. Lines: <c>C: </c> a packet of the mail server's, <c>S: </c> the packet that must be answered, or its
/// beginning, <c>E:</c> the connection ends, <c>#</c> comment. A packet is its letter and its fields with a space between: <c>"text"</c> a
/// string, its NUL understood; <c>'text'</c> octets as they are; <c>#1</c> a number of four octets; <c>%25</c> one of two. In both quotes
/// \r, \n, \t, \\, \" and \xE9 mean what they do in C.
/// </summary>
internal static class MilterDialog
{
    // Whatever is no string in our answers: numbers before them, by the packet's letter.
    private static readonly Dictionary<char, int> _numbers = new() { ['O'] = 3, ['i'] = 1, ['m'] = 1 };

    public static async Task RunAsync(IPEndPoint server, string script)
    {
        using var peer = await MilterPeer.ConnectAsync(server);
        var number = 0;
        foreach (var line in script.ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            var text = line.Trim();
            switch (text.Length < 2 ? text : text[..2])
            {
                case "C:":
                    await peer.SayAsync(text[3], Octets(text[4..]));
                    break;
                case "S:":
                    var (code, data) = await peer.HearAsync();
                    var got = Shown(code, data);
                    Assert.True(got.StartsWith(text[3..], StringComparison.Ordinal), $"line {number}: wanted {text[3..]}, got {got}");
                    break;
                case "E:":
                    await Assert.ThrowsAnyAsync<IOException>(peer.HearAsync);
                    break;
                default:
                    Assert.True(text.Length == 0 || text[0] == '#', $"line {number}: not understood: {text}");
                    break;
            }
        }
    }

    private static byte[] Octets(string fields)
    {
        var octets = new List<byte>();
        for (var at = 0; at < fields.Length;)
        {
            var c = fields[at++];
            if (c is '"' or '\'')
            {
                at = AddQuoted(octets, fields, at, c);
            }
            else if (c is '#' or '%')
            {
                var end = fields.IndexOf(' ', at) is >= 0 and var space ? space : fields.Length;
                var number = new byte[4];
                BinaryPrimitives.WriteUInt32BigEndian(number, uint.Parse(fields.AsSpan(at, end - at), CultureInfo.InvariantCulture));
                octets.AddRange(c == '#' ? number : number[2..]);
                at = end;
            }
            else
            {
                Assert.Equal(' ', c);
            }
        }

        return [.. octets];
    }

    // Up to the closing quote; where the next field begins.
    private static int AddQuoted(List<byte> octets, string fields, int at, char quote)
    {
        while (fields[at] != quote)
        {
            var c = fields[at++];
            if (c == '\\')
            {
                c = fields[at++] switch { 'r' => '\r', 'n' => '\n', 't' => '\t', 'x' => Hex(fields.AsSpan(at, 2)), var same => same };
                at += fields[at - 1] == 'x' ? 2 : 0;
            }

            octets.Add((byte)c);
        }

        if (quote == '"')
        {
            octets.Add(0);
        }

        return at + 1;
    }

    private static char Hex(ReadOnlySpan<char> digits) => (char)byte.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Shown(char code, byte[] data)
    {
        var shown = new StringBuilder().Append(code);
        var numbers = _numbers.GetValueOrDefault(code);
        for (var i = 0; i < numbers; i++)
        {
            shown.Append(CultureInfo.InvariantCulture, $" #{BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(4 * i))}");
        }

        var rest = Encoding.Latin1.GetString(data.AsSpan(4 * numbers));
        Assert.True(rest.Length == 0 || rest.EndsWith('\0'), $"{code}: a string without its end");
        foreach (var text in rest.Split('\0')[..^1])
        {
            shown.Append(" \"").Append(string.Concat(text.Select(Escaped))).Append('"');
        }

        return shown.ToString();
    }

    private static string Escaped(char c) => c switch
    {
        '\\' => @"\\",
        '"' => "\\\"",
        '\n' => @"\n",
        < ' ' or > '~' => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}"),
        _ => c.ToString(),
    };
}
