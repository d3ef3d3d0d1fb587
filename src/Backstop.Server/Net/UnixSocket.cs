using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Posix;

namespace Backstop.Server.Net;

/// <summary>Prepares the file of a Unix socket before and after listening.</summary>
internal static class UnixSocket
{
    /// <summary>
    /// Removes the file that a killed server left. A socket that still answers stays, and listening on it fails, as it
    /// should.
    /// </summary>
    /// <param name="path">The path; empty where there is no socket.</param>
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
            // The file is not a socket, so it is left alone.
        }
    }

    /// <summary>Sets owner, group and mode of the file, which decide who may connect.</summary>
    /// <param name="path">The path of the socket.</param>
    /// <param name="options">Owner, group and mode.</param>
    /// <exception cref="IOException">The user or group does not exist, or this process may not give files to
    /// it.</exception>
    public static void Protect(string path, ListenOptions options)
    {
        var owner = options.SocketOwner.Length == 0 ? FileOwner.Same
            : UserAccount.NumberOf(options.SocketOwner)
            ?? throw new IOException($"listen.socket_owner: user {options.SocketOwner} does not exist on this host");
        var group = options.SocketGroup.Length == 0 ? FileOwner.Same
            : GroupAccount.Find(options.SocketGroup)
            ?? throw new IOException($"listen.socket_group: group {options.SocketGroup} does not exist on this host");
        if (owner != FileOwner.Same || group != FileOwner.Same)
        {
            try
            {
                FileOwner.Give(path, owner, group);
            }
            catch (IOException error)
            {
                throw new IOException(
                    $"{error.Message}. Only root can change the owner, and only a member of listen.socket_group can set that group",
                    error);
            }
        }

        File.SetUnixFileMode(path, path == options.SpamdSocket ? options.SpamdSocketMode : options.SocketMode);
    }
}
