using System.Buffers;

namespace Backstop.Server.Receiving;

/// <summary>
/// The beginning of a message in memory, which is what is judged. It is shorter where memory is short.
/// </summary>
/// <remarks>Invariant: it has no gap. Once an octet was left out, none may be added.</remarks>
internal sealed class MessageFront(ReceiveBudget budget) : IDisposable
{
    /// <summary>How many octets of a message it holds at most.</summary>
    public const int Max = 256 << 10;
    private const int MaxWhenShort = 16 << 10;
    private const int FirstBuffer = 4096;

    private byte[] _buffer = [];
    private int _used;
    private bool _isFull;

    /// <summary>The octets; valid until more are added.</summary>
    public ReadOnlyMemory<byte> Octets => _buffer.AsMemory(0, _used);

    /// <summary>Adds as many octets as there is room for.</summary>
    /// <param name="content">The next octets of the message.</param>
    /// <param name="atLeast">The room there is however short memory is.</param>
    /// <returns>How many octets were added.</returns>
    public int Add(ReadOnlySpan<byte> content, int atLeast = 0)
    {
        var limit = Math.Max(atLeast, budget.IsShort ? MaxWhenShort : Max);
        var taken = _isFull ? 0 : Math.Clamp(limit - _used, 0, content.Length);
        _isFull |= taken < content.Length;
        if (_used + taken > _buffer.Length)
        {
            Grow(_used + taken);
        }

        content[..taken].CopyTo(_buffer.AsSpan(_used));
        _used += taken;
        return taken;
    }

    /// <summary>Changes one octet.</summary>
    public void Overwrite(int offset, byte value) => _buffer[offset] = value;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Replace([]);
        _used = 0;
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(FirstBuffer, _buffer.Length * 2), size));
        Octets.Span.CopyTo(larger);
        Replace(larger);
    }

    private void Replace(byte[] buffer)
    {
        budget.Add(buffer.Length - _buffer.Length);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = buffer;
    }
}
