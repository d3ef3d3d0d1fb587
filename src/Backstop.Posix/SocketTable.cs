using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>
/// Looks up one entry in the kernel's table of TCP connections (sock_diag(7)); /proc/net/tcp would list them all.
/// </summary>
internal static class SocketTable
{
    private const int NetlinkFamily = 16;
    private const int RawType = 3;
    private const int DiagProtocol = 4;
    private const ushort ByFamily = 20;
    private const ushort IsRequest = 1;
    private const ushort ErrorReply = 2;
    private const byte Inet = 2;
    private const byte Inet6 = 10;
    private const byte Tcp = 6;
    private const int HeaderSize = 16;
    private const int RequestSize = HeaderSize + 56;
    private const int UserAt = 80;
    private const int NodeAt = 84;

    /// <summary>
    /// Returns the user of a socket by its two ends; null if there is no such socket, or its program has closed it.
    /// </summary>
    /// <param name="local">Its own end.</param>
    /// <param name="remote">Its other end.</param>
    /// <param name="isAsked">Whether the kernel answered.</param>
    public static uint? OwnerOf(IPEndPoint local, IPEndPoint remote, out bool isAsked)
    {
        isAsked = false;
        using var netlink = Libc.OpenSocket(NetlinkFamily, RawType | Libc.CloseOnExec, DiagProtocol);
        if (netlink.IsInvalid)
        {
            return null;
        }

        Span<byte> request = stackalloc byte[RequestSize];
        Write(request, local, remote);
        Span<byte> reply = stackalloc byte[1024];
        if (Libc.Write(netlink, ref MemoryMarshal.GetReference(request), request.Length) != request.Length)
        {
            return null;
        }

        // The kernel has answered by the time the write returns.
        var length = (int)Libc.Read(netlink, ref MemoryMarshal.GetReference(reply), reply.Length);
        if (length < HeaderSize + sizeof(int))
        {
            return null;
        }

        if (MemoryMarshal.Read<ushort>(reply[4..]) == ErrorReply)
        {
            isAsked = MemoryMarshal.Read<int>(reply[HeaderSize..]) == -Libc.NoEntry;
            return null;
        }

        // struct inet_diag_msg (linux/inet_diag.h). A socket without an inode has no program any more, and its user
        // reads as root.
        isAsked = length >= NodeAt + sizeof(uint);
        var hasProgram = isAsked && MemoryMarshal.Read<uint>(reply[NodeAt..]) != 0;
        return hasProgram && IsOf(reply, remote) ? MemoryMarshal.Read<uint>(reply[UserAt..]) : null;
    }

    // If the connection is gone, the kernel returns a listener on the same port; that has no other end.
    private static bool IsOf(ReadOnlySpan<byte> reply, IPEndPoint remote) =>
        BinaryPrimitives.ReadUInt16BigEndian(reply[(HeaderSize + 6)..]) == remote.Port;

    // struct nlmsghdr, then struct inet_diag_req_v2 with its inet_diag_sockid.
    private static void Write(Span<byte> request, IPEndPoint local, IPEndPoint remote)
    {
        const int ports = HeaderSize + 8;
        const int source = ports + 4;
        const int destination = source + 16;
        const int cookie = destination + 16 + 4;
        MemoryMarshal.Write(request, RequestSize);
        MemoryMarshal.Write(request[4..], ByFamily);
        MemoryMarshal.Write(request[6..], IsRequest);
        request[HeaderSize] = local.AddressFamily == AddressFamily.InterNetwork ? Inet : Inet6;
        request[HeaderSize + 1] = Tcp;
        MemoryMarshal.Write(request[(HeaderSize + 4)..], uint.MaxValue);
        BinaryPrimitives.WriteUInt16BigEndian(request[ports..], (ushort)local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(request[(ports + 2)..], (ushort)remote.Port);
        local.Address.TryWriteBytes(request[source..], out _);
        remote.Address.TryWriteBytes(request[destination..], out _);
        MemoryMarshal.Write(request[cookie..], ulong.MaxValue);
    }
}
