using System.Net.Sockets;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Server.Control;

/// <summary>
/// The Unix socket in the spool's folder at which a running server is asked about its queue. The folder is its owner's alone, and so
/// is the socket.
/// </summary>
internal sealed class ControlSocket : IDisposable
{
    private const string Name = "control";

    // sun_path of Linux, with its end.
    private const int MaxPath = 107;

    private readonly SafeFileHandle? _folder;

    /// <summary>Finds the socket of a spool.</summary>
    /// <param name="spool">The spool's folder.</param>
    /// <exception cref="IOException">The folder cannot be opened.</exception>
    public ControlSocket(string spool)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetFullPath(spool), Name);
        Address = Path;
        if (System.Text.Encoding.UTF8.GetByteCount(Path) > MaxPath)
        {
            // The kernel takes short names only, and data folders may lie deep.
            _folder = Libc.OpenDirectory(System.IO.Path.GetDirectoryName(Path)!);
            Address = $"/proc/self/fd/{_folder.DangerousGetHandle()}/{Name}";
        }
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>The name by which the kernel finds it, as long as this object lives.</summary>
    public string Address { get; }

    /// <summary>Listens; only the owner of the folder, and root, may connect. The spool's lock is held.</summary>
    /// <exception cref="SocketException">It cannot be made, such as on a file system without sockets.</exception>
    public Socket Listen()
    {
        File.Delete(Address);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(Address));
            File.SetUnixFileMode(Address, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder?.Dispose();
}
