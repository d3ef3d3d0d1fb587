using Backstop.Posix;

namespace Backstop.Logging;

/// <summary>
/// A file that is only added to, opened anew when somebody renamed or removed it: logrotate needs neither a signal nor
/// <c>copytruncate</c>, which loses lines.
/// </summary>
/// <param name="path">Its path. The file is made for the owner to write and the group to read.</param>
internal sealed class RotatedFile(string path) : Stream
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private FileStream? _file;
    private ulong _inode;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return;
        }

        if (_file is null || FileStatus.TryOf(path, followLinks: true, out _)?.Inode != _inode)
        {
            Open();
        }

        // A write that stopped halfway must not leave the rest in a buffer, so there is none.
        _file!.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _file?.Dispose();
        base.Dispose(disposing);
    }

    private void Open()
    {
        _file?.Dispose();
        _file = null;
        var file = new FileStream(
            path, new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                UnixCreateMode = Mode
            });
        if (file.Length == 0)
        {
            // The server's umask closes new files to its group; who reads this one, fail2ban or a log shipper, need not be root.
            File.SetUnixFileMode(file.SafeFileHandle, Mode);
        }

        (_file, _inode) = (file, FileStatus.TryOf(file.SafeFileHandle, out _)?.Inode ?? 0);
    }
}
