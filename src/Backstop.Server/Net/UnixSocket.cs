using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Posix;

namespace Backstop.Server.Net;

/// <summary>The file of a Unix socket, before and after it is listened on.</summary>
internal static class UnixSocket
{
    /// <summary>
    /// Takes away what a killed server left. One that somebody still answers on stays: to listen there fails, as it should.
    /// </summary>
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

    /// <summary>Gives the file its owner, group and mode: who may connect is who may write to it.</summary>
    /// <param name="path">The socket.</param>
    /// <param name="options">Owner, group and mode.</param>
    /// <exception cref="IOException">There is no such user or group, or this process may not give files to them.</exception>
    public static void Protect(string path, ListenOptions options)
    {
        var owner = options.SocketOwner.Length == 0 ? FileOwner.Same
            : UserAccount.NumberOf(options.SocketOwner)
            ?? throw new IOException($"listen.socket_owner: no user {options.SocketOwner} on this host");
        var group = options.SocketGroup.Length == 0 ? FileOwner.Same
            : GroupAccount.Find(options.SocketGroup)
            ?? throw new IOException($"listen.socket_group: no group {options.SocketGroup} on this host");
        if (owner != FileOwner.Same || group != FileOwner.Same)
        {
            try
            {
                FileOwner.Give(path, owner, group);
            }
            catch (IOException error)
            {
                throw new IOException(
                    $"{error.Message}. Only root gives files away, and whoever belongs to listen.socket_group gives them to that group",
                    error);
            }
        }

        File.SetUnixFileMode(path, path == options.SpamdSocket ? options.SpamdSocketMode : options.SocketMode);
    }
}
