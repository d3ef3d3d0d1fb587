using System.Net.Sockets;

namespace Backstop.Server.Spam;

/// <summary>The file of a Unix socket, before and after it is listened on.</summary>
internal static class UnixSocket
{
    /// <summary>Takes away what a killed server left. One that somebody still answers on stays: to listen there fails, as it should.</summary>
    /// <param name="path">Empty: there is none.</param>
    public static void Clear(string path)
    {
        if (path.Length == 0 || !File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
        }
        catch (SocketException)
        {
            // No socket at all: whoever put it there keeps it.
        }
    }

    /// <summary>Every user of this host may connect, as with spamd: delivery agents run as their users.</summary>
    /// <param name="path">Empty: there is none.</param>
    public static void OpenToAll(string path)
    {
        if (path.Length > 0)
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        }
    }
}
