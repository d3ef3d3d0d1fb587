using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>Reads what a program writes, as it comes, and keeps as much of it as is wanted.</summary>
/// <param name="file">The end of the pipe to read from; null where its output goes elsewhere.</param>
/// <param name="most">How many octets are kept.</param>
internal sealed class OutputReader(SafeFileHandle? file, int most) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _kept = new();

    /// <summary>The file to wait for; -1 where nothing more comes.</summary>
    public int File => IsOpen ? (int)file!.DangerousGetHandle() : -1;

    /// <summary>Whether more may come.</summary>
    public bool IsOpen { get; private set; } = file is not null;

    /// <summary>Whether there was as much as is kept, or more.</summary>
    public bool IsFull => _kept.WrittenCount >= most;

    public ReadOnlyMemory<byte> Kept => _kept.WrittenMemory;

    /// <summary>Reads what is there.</summary>
    public void Read()
    {
        var buffer = _kept.GetSpan(64 * 1024);
        var read = (int)Libc.Read(file!, ref MemoryMarshal.GetReference(buffer), buffer.Length);
        IsOpen = read > 0 || (read < 0 && Marshal.GetLastPInvokeError() is Libc.Interrupted or Libc.TryAgain);
        _kept.Advance(Math.Clamp(read, 0, most - _kept.WrittenCount));
    }

    public void Dispose() => file?.Dispose();
}
