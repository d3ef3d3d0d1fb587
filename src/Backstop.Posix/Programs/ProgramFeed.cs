using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>Writes a program's input as fast as the program reads it.</summary>
internal sealed class ProgramFeed : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _pieces;
    private int _piece;
    private int _at;

    public ProgramFeed(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        _file = file;
        _pieces = pieces;
        _ = Libc.Control(file, Libc.SetStatusFlags, Libc.NonBlocking);
        SkipWritten();
    }

    public int File => (int)_file.DangerousGetHandle();

    /// <summary>Whether all input was written.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether nothing more will be written.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Writes as much as possible without blocking.</summary>
    public void Write()
    {
        while (!IsOver)
        {
            var rest = _pieces[_piece].Span[_at..];
            var written = Libc.Write(_file, ref MemoryMarshal.GetReference(rest), rest.Length);
            if (written < 0)
            {
                // EPIPE or the like: the program reads no more.
                if (Marshal.GetLastPInvokeError() is not (Libc.TryAgain or Libc.Interrupted))
                {
                    Close();
                }

                return;
            }

            _at += (int)written;
            SkipWritten();
        }
    }

    public void Dispose() => Close();

    private void SkipWritten()
    {
        while (_piece < _pieces.Count && _at == _pieces[_piece].Length)
        {
            _piece++;
            _at = 0;
        }

        if (_piece == _pieces.Count && !IsOver)
        {
            IsDone = true;
            Close();
        }
    }

    private void Close()
    {
        IsOver = true;
        _file.Dispose();
    }
}
