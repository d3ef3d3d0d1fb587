using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>Reads a program's output as it arrives, and keeps the first part of it.</summary>
/// <param name="file">The read end of the pipe; null if the output goes elsewhere.</param>
/// <param name="most">The most octets to keep.</param>
internal sealed class OutputReader(SafeFileHandle? file, int most) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _kept = new();

    /// <summary>The file descriptor to poll; -1 at the end of the output.</summary>
    public int File => IsOpen ? (int)file!.DangerousGetHandle() : -1;

    /// <summary>Whether more output may arrive.</summary>
    public bool IsOpen { get; private set; } = file is not null;

    /// <summary>Whether as many octets arrived as are kept, or more.</summary>
    public bool IsFull => _kept.WrittenCount >= most;

    public ReadOnlyMemory<byte> Kept => _kept.WrittenMemory;

    /// <summary>Reads what has arrived.</summary>
    public void Read()
    {
        var buffer = _kept.GetSpan(64 * 1024);
        var read = (int)Libc.Read(file!, ref MemoryMarshal.GetReference(buffer), buffer.Length);
        IsOpen = read > 0 || (read < 0 && Marshal.GetLastPInvokeError() is Libc.Interrupted or Libc.TryAgain);
        _kept.Advance(Math.Clamp(read, 0, most - _kept.WrittenCount));
    }

    public void Dispose() => file?.Dispose();
}
