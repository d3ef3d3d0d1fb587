using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>The program at the other end of a connection.</summary>
/// <param name="Place">Where it runs.</param>
/// <param name="User">Its user's number, if it is <see cref="PeerPlace.Here"/>.</param>
/// <param name="Groups">Its groups, if the kernel states them: on Unix sockets.</param>
internal sealed record SocketPeer(PeerPlace Place, uint User, IReadOnlyList<uint> Groups)
{
    private const int SocketLevel = 1;
    private const int Credentials = 17;
    private const int CredentialGroups = 59;
    private const int CredentialsSize = 12;
    private const int MaxGroups = 1024;

    /// <summary>
    /// Asks the kernel who connected to a Unix socket, or over TCP who owns the other end, if that is on this host.
    /// </summary>
    /// <param name="socket">Our end.</param>
    public static SocketPeer Of(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        try
        {
            return socket.AddressFamily == AddressFamily.Unix ? OfUnix(socket)
                : socket is { RemoteEndPoint: IPEndPoint peer, LocalEndPoint: IPEndPoint own } ? OfTcp(Plain(peer), Plain(own))
                : new(PeerPlace.Unknown, 0, []);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return new(PeerPlace.Gone, 0, []);
        }
    }

    private static SocketPeer OfUnix(Socket socket)
    {
        // struct ucred: pid, uid, gid.
        Span<byte> credentials = stackalloc byte[CredentialsSize];
        if (socket.GetRawSocketOption(SocketLevel, Credentials, credentials) != CredentialsSize)
        {
            return new(PeerPlace.Unknown, 0, []);
        }

        var group = MemoryMarshal.Read<uint>(credentials[8..]);
        return new(PeerPlace.Here, MemoryMarshal.Read<uint>(credentials[4..]), [group, .. GroupsOf(socket)]);
    }

    private static uint[] GroupsOf(Socket socket)
    {
        try
        {
            var groups = new byte[MaxGroups * sizeof(uint)];
            var length = socket.GetRawSocketOption(SocketLevel, CredentialGroups, groups);
            return MemoryMarshal.Cast<byte, uint>(groups.AsSpan(0, length)).ToArray();
        }
        catch (SocketException)
        {
            // Linux before 4.13, or too many groups: its first group is known all the same.
            return [];
        }
    }

    private static SocketPeer OfTcp(IPEndPoint peer, IPEndPoint own)
    {
        if (SocketTable.OwnerOf(peer, own, out var isAsked) is { } user)
        {
            return new(PeerPlace.Here, user, []);
        }

        // Only this host can connect from one of its own addresses.
        var isHere = IPAddress.IsLoopback(peer.Address) || IPAddress.IsLoopback(own.Address) || peer.Address.Equals(own.Address);
        return new(!isAsked ? PeerPlace.Unknown : isHere ? PeerPlace.Gone : PeerPlace.Elsewhere, 0, []);
    }

    private static IPEndPoint Plain(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
}
