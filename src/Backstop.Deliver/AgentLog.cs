using System.Runtime.InteropServices;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Deliver;

/// <summary>The log: LOGFILE, or standard error while there is none. Programs write to it too.</summary>
internal sealed class AgentLog : IDisposable
{
    private const int StandardError = 2;

    private SafeFileHandle? _file;

    /// <summary>Whether there is a LOGFILE.</summary>
    public bool IsFile => _file is not null;

    /// <summary>The file descriptor that programs write their errors to.</summary>
    public int File => _file is null ? StandardError : (int)_file.DangerousGetHandle();

    /// <summary>Switches to another file; "" switches to standard error.</summary>
    /// <returns>Why the file cannot be opened; null if it was.</returns>
    public string? Open(string path, int umask)
    {
        _file?.Dispose();
        _file = null;
        if (path.Length == 0)
        {
            return null;
        }

        const int appending = Libc.WriteOnly | Libc.Create | Libc.Append | Libc.CloseOnExec;
        var file = Libc.Open(ref NativeText.From(path)[0], appending, 0x1B6 & ~umask);
        if (file.IsInvalid)
        {
            file.Dispose();
            return Marshal.GetLastPInvokeErrorMessage();
        }

        _file = file;
        return null;
    }

    /// <summary>Writes at the end, in one piece. A log that cannot be written must not stop a delivery.</summary>
    public void Write(string text)
    {
        var bytes = NativeText.From(text);
        if (bytes.Length > 1)
        {
            _ = Libc.Write(File, ref bytes[0], bytes.Length - 1);
        }
    }

    public void Dispose() => _file?.Dispose();
}
