using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Backstop.Tests.Server;

/// <summary>
/// Scripted requests to spamd, a connection each. Lines: <c>C: </c> send with CRLF, <c>R: </c> send raw with \r \n \0 escapes,
/// <c>X: </c> send these octets, in hexadecimal, <c>H:</c> close our side, <c>S: </c> a line of the reply, <c>T: </c> text of the
/// reply without its CRLF, with escapes, <c>E:</c> the server closes and has sent exactly that, <c>#</c> comment. The interop tests
/// play the same scripts to the real spamd.
/// </summary>
internal static class SpamdDialog
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Plays a script.</summary>
    /// <param name="server">Who is asked.</param>
    /// <param name="script">The lines.</param>
    /// <param name="mayReset">Whether it is the real spamd, which resets a connection whose request it did not read to the end.</param>
    public static async Task RunAsync(IPEndPoint server, string script, bool mayReset = false)
    {
        NetworkStream? client = null;
        try
        {
            var (number, wanted) = (0, new StringBuilder());
            foreach (var line in script.ReplaceLineEndings("\n").Split('\n'))
            {
                number++;
                var rest = line.Length > 3 ? line[3..] : "";
                switch (line.Length < 2 ? line : line[..2])
                {
                    case "C:" or "R:" or "X:":
                        client ??= await ConnectAsync(server);
                        await WriteAsync(client, Octets(line[0], rest), mayReset);
                        break;
                    case "H:":
                        client ??= await ConnectAsync(server);
                        client.Socket.Shutdown(SocketShutdown.Send);
                        break;
                    case "S:":
                        wanted.Append(rest).Append("\r\n");
                        break;
                    case "T:":
                        wanted.Append(Unescaped(rest));
                        break;
                    case "E:":
                        var got = await ReadToEndAsync(client!, number, mayReset);
                        Assert.True(WithoutVersion(got) == wanted.ToString(), $"line {number}: wanted\n{wanted}\ngot\n{got}");
                        client = null;
                        wanted.Clear();
                        break;
                    default:
                        Assert.True(line.Length == 0 || line[0] == '#', $"line {number}: not understood: {line}");
                        break;
                }
            }

            Assert.True(client is null, "the script does not end with E:");
        }
        finally
        {
            client?.Dispose();
        }
    }

    // X-Spam-Checker-Version names program and host. Its octets are in the announced length.
    private static string WithoutVersion(string reply)
    {
        var version = Regex.Match(reply, "X-Spam-Checker-Version: [^\r]*\r\n", RegexOptions.None, TimeSpan.FromSeconds(5));
        return !version.Success ? reply : Regex.Replace(
            reply.Replace(version.Value, "", StringComparison.Ordinal),
            "(?<=^SPAMD/1.1 0 EX_OK\r\nContent-length: )[0-9]+",
            length => $"{int.Parse(length.Value, CultureInfo.InvariantCulture) - version.Length}",
            RegexOptions.None,
            TimeSpan.FromSeconds(5));
    }

    // Who has answered already may have hung up.
    private static async Task WriteAsync(NetworkStream client, byte[] octets, bool mayReset)
    {
        try
        {
            await client.WriteAsync(octets, Ct);
        }
        catch (IOException) when (mayReset)
        {
            // What it sent is read all the same.
        }
    }

    private static async Task<NetworkStream> ConnectAsync(IPEndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, Ct);
        return new(socket, ownsSocket: true);
    }

    private static byte[] Octets(char kind, string rest) => kind switch
    {
        'X' => Convert.FromHexString(rest),
        'R' => Encoding.Latin1.GetBytes(Unescaped(rest)),
        _ => Encoding.Latin1.GetBytes(rest + "\r\n"),
    };

    private static string Unescaped(string text) => text.Replace("\\r", "\r", StringComparison.Ordinal)
        .Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\0", "\0", StringComparison.Ordinal);

    private static async Task<string> ReadToEndAsync(NetworkStream client, int number, bool mayReset)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(_limit);
        var (got, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            for (int count; (count = await client.ReadAsync(buffer, limit.Token)) > 0;)
            {
                got.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException) when (mayReset)
        {
            // What came before it was read.
        }
        catch (OperationCanceledException) when (!Ct.IsCancellationRequested)
        {
            Assert.Fail($"line {number}: the server has not closed the connection after {_limit}; it sent\n{got}");
        }

        await client.DisposeAsync();
        return got.ToString();
    }
}
