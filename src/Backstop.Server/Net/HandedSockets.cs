using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Server.Net;

/// <summary>
/// Listening sockets that the service manager has opened and hands over (sd_listen_fds(3)). It keeps them open while the server is
/// stopped and started again, so that clients wait meanwhile and none is refused.
/// </summary>
/// <remarks>
/// Nobody may disconnect such a socket or shut it down: the manager and the next server have the same one. So no accept may be under
/// way where it is closed.
/// </remarks>
internal sealed class HandedSockets : IDisposable
{
    private const int First = 3;
    private const int Most = 1024;

    private readonly List<(string Name, Socket Socket)> _left = [];
    private readonly List<string> _unusable = [];

    /// <summary>Of a server that was started without a socket unit.</summary>
    public static HandedSockets None { get; } = new();

    /// <summary>What was handed over and no listener has taken, in words.</summary>
    public IReadOnlyList<string> Unused =>
        [.. _left.Select(s => $"{s.Name} ({s.Socket.LocalEndPoint}), which is no listener of the configuration"), .. _unusable];

    /// <summary>
    /// Takes what was handed over to this process. The variables are removed, and the sockets closed to programs that are run.
    /// </summary>
    public static HandedSockets OfProcess()
    {
        var (process, count, names) = (Take("LISTEN_PID"), Take("LISTEN_FDS"), Take("LISTEN_FDNAMES").Split(':'));
        var own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return process == own && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? Of([.. Enumerable.Range(First, Math.Min(number, Most))], names)
            : new();
    }

    /// <summary>Takes open descriptors.</summary>
    /// <param name="descriptors">Their numbers.</param>
    /// <param name="names">Their names, in the same order.</param>
    internal static HandedSockets Of(IReadOnlyList<int> descriptors, IReadOnlyList<string> names)
    {
        var all = new HandedSockets();
        for (var i = 0; i < descriptors.Count; i++)
        {
            all.Add(descriptors[i], i < names.Count && names[i].Length > 0 ? names[i] : "unknown");
        }

        return all;
    }

    /// <summary>Takes the socket that listens at an address; null where none was handed over.</summary>
    /// <param name="endPoint">A configured address.</param>
    public Socket? Take(EndPoint endPoint)
    {
        var at = _left.FindIndex(s => IsAt(s.Socket, endPoint));
        if (at < 0)
        {
            return null;
        }

        var socket = _left[at].Socket;
        _left.RemoveAt(at);
        return socket;
    }

    /// <summary>Whether a socket that no listener has taken yet listens at an address.</summary>
    /// <param name="endPoint">A configured address.</param>
    public bool Has(EndPoint endPoint) => _left.Exists(s => IsAt(s.Socket, endPoint));

    public void Dispose()
    {
        _left.ForEach(s => s.Socket.Dispose());
        _left.Clear();
    }

    private static bool IsAt(Socket socket, EndPoint endPoint) => (socket.LocalEndPoint, endPoint) switch
    {
        (UnixDomainSocketEndPoint own, UnixDomainSocketEndPoint wanted) => Path.GetFullPath(own.ToString()) == Path.GetFullPath(
            wanted.ToString()),
        (IPEndPoint own, IPEndPoint wanted) => own.Equals(wanted),
        _ => false,
    };

    private void Add(int descriptor, string name)
    {
        using (var file = new SafeFileHandle(descriptor, ownsHandle: false))
        {
            _ = Libc.Control(file, Libc.SetDescriptorFlags, Libc.CloseOnExecFlag);
        }

        try
        {
            var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            if (socket is { SocketType: SocketType.Stream, LocalEndPoint: not null }
                && socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0)
            {
                _left.Add((name, socket));
                return;
            }

            socket.Dispose();
        }
        catch (SocketException)
        {
            // It is a file, a pipe, or closed.
        }

        _unusable.Add($"{name}, which is no listening stream socket");
    }

    private static string Take(string variable)
    {
        var value = Environment.GetEnvironmentVariable(variable) ?? "";
        Environment.SetEnvironmentVariable(variable, null);
        return value;
    }
}
