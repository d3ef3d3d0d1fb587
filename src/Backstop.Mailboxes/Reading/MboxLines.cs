namespace Backstop.Mailboxes.Reading;

/// <summary>Reads lines of any bytes from a file, line ends included. A line longer than the buffer comes in pieces.</summary>
internal sealed class MboxLines(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
    private readonly byte[] _buffer = new byte[1 << 20];
    private int _start;
    private int _end;

    /// <summary>The next line, valid until the next call; null at the end.</summary>
    public ReadOnlyMemory<byte>? Next()
    {
        while (true)
        {
            var lf = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (lf >= 0)
            {
                return Take(lf + 1);
            }

            if (_end - _start == _buffer.Length)
            {
                return Take(_buffer.Length);
            }

            if (!Fill())
            {
                // Not "? : null": that null would become an empty line, and the end would never come.
                return _end > _start ? Take(_end - _start) : (ReadOnlyMemory<byte>?)null;
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private ReadOnlyMemory<byte> Take(int length)
    {
        var line = _buffer.AsMemory(_start, length);
        _start += length;
        return line;
    }

    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        var read = _file.Read(_buffer.AsSpan(_end));
        _end += read;
        return read > 0;
    }
}
