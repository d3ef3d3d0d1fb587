using System.Security.Cryptography;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>A file in a run's folder that collects octets before anything in a mailbox changes.</summary>
internal sealed class StagedFile : IDisposable
{
    private const int CopySize = 1 << 20;

    private readonly SafeFileHandle _file;
    private readonly byte[] _waiting = GC.AllocateUninitializedArray<byte>(CopySize);
    private readonly string _folder;
    private int _waits;
    private long _written;
    private bool _endsInEmptyLine = true;

    /// <summary>Creates the file.</summary>
    /// <param name="run">The run in whose folder the file is created.</param>
    /// <param name="name">The prefix of its name.</param>
    public StagedFile(Run run, string name)
    {
        ArgumentNullException.ThrowIfNull(run);

        // A run that was stopped before it committed anything may have left a file.
        Name = $"{name}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}";
        _folder = run.Folder;
        _file = Libc.TryCreateNew(run.File(Name), out var error)!;
        Libc.ThrowIf(error, run.File(Name));
    }

    /// <summary>Its name in the run's folder.</summary>
    public string Name { get; }

    /// <summary>The number of octets written.</summary>
    public long Length => _written + _waits;

    /// <summary>CRC-32C of everything written.</summary>
    public uint Check { get; private set; } = Crc32C.Start;

    /// <summary>Adds octets.</summary>
    /// <param name="bytes">The octets.</param>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        Check = Crc32C.Add(Check, bytes);
        _endsInEmptyLine = bytes.Length == 0 ? _endsInEmptyLine : bytes.EndsWith("\n\n"u8) || bytes.EndsWith("\n\r\n"u8);
        while (!bytes.IsEmpty)
        {
            var taken = Math.Min(bytes.Length, CopySize - _waits);
            bytes[..taken].CopyTo(_waiting.AsSpan(_waits));
            _waits += taken;
            bytes = bytes[taken..];
            if (_waits == CopySize)
            {
                WriteOut();
            }
        }
    }

    /// <summary>Adds line ends until a separator may follow: it must stand behind an empty line.</summary>
    public void EndMessage()
    {
        if (!_endsInEmptyLine)
        {
            Write("\n\n"u8);
        }
    }

    /// <summary>Copies a range of a file.</summary>
    /// <param name="from">The file.</param>
    /// <param name="at">Where the range begins.</param>
    /// <param name="length">Octets.</param>
    public void Copy(SafeFileHandle from, long at, long length)
    {
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(CopySize, length));
        for (int read; length > 0; at += read, length -= read)
        {
            read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length)), at);
            if (read == 0)
            {
                throw new IOException(
                    "the mailbox became shorter while it was locked: another program ignores its locks; stop it and try again");
            }

            Write(buffer.AsSpan(0, read));
        }
    }

    /// <summary>Syncs the file to the disk.</summary>
    public void Sync()
    {
        WriteOut();
        Libc.SyncData(_file);
        Folders.Sync(_folder);
    }

    /// <summary>Closes the file, but does not delete it.</summary>
    public void Dispose() => _file.Dispose();

    private void WriteOut()
    {
        RandomAccess.Write(_file, _waiting.AsSpan(0, _waits), _written);
        _written += _waits;
        _waits = 0;
    }
}
