using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Server.Users;

/// <summary>
/// Frames over two pipes: a kind, a length, and so many octets. Whatever the other end says or does not say, a frame has a largest size
/// and a wait has an end.
/// </summary>
/// <param name="input">Where the other end's frames come from.</param>
/// <param name="output">Where ours go.</param>
/// <param name="time">The clock.</param>
internal sealed class HelperWire(SafeFileHandle input, SafeFileHandle output, TimeProvider time) : IDisposable
{
    private const int HeadSize = 5;

    // Room is made as octets arrive, not as they are announced.
    private const int FirstRoom = 64 << 10;

    private long _began = time.GetTimestamp();
    private TimeSpan? _patience;

    /// <summary>Begins something that must end in time, or <see cref="TimeoutException"/> ends it; null for no end.</summary>
    public void Begin(TimeSpan? patience)
    {
        _began = time.GetTimestamp();
        _patience = patience;
    }

    /// <summary>Sends a frame.</summary>
    /// <exception cref="IOException">The other end is gone.</exception>
    /// <exception cref="TimeoutException">It does not read.</exception>
    public void Send(HelperFrame kind, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = stackalloc byte[HeadSize];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], payload.Length);
        Write(head);
        Write(payload);
    }

    /// <summary>Receives a frame.</summary>
    /// <param name="max">The most octets that it may have.</param>
    /// <param name="payload">Its octets.</param>
    /// <returns>Its kind; <see cref="HelperFrame.End"/> where the other end has gone between two frames.</returns>
    /// <exception cref="IOException">The other end is gone, or breaks the rules.</exception>
    /// <exception cref="TimeoutException">It says nothing.</exception>
    public HelperFrame Receive(int max, out byte[] payload)
    {
        Span<byte> head = stackalloc byte[HeadSize];
        payload = [];
        if (!TryRead(head, mayEnd: true))
        {
            return HelperFrame.End;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(head[1..]);
        if (length < 0 || length > max)
        {
            throw new IOException($"a frame of {(uint)length} octets, where {max} are allowed");
        }

        payload = new byte[Math.Min(length, FirstRoom)];
        for (var filled = 0; filled < length; filled = payload.Length)
        {
            Array.Resize(ref payload, filled == 0 ? payload.Length : (int)Math.Min(length, 2L * filled));
            TryRead(payload.AsSpan(filled), mayEnd: false);
        }

        return (HelperFrame)head[0];
    }

    /// <summary>Receives a frame of one kind.</summary>
    /// <exception cref="IOException">It is of another kind, or too large, or the other end is gone.</exception>
    public byte[] Expect(HelperFrame kind, int max)
    {
        var got = Receive(max, out var payload);
        return got == kind ? payload : throw new IOException(got == HelperFrame.End ? "it has ended" : $"{got} where {kind} was expected");
    }

    /// <summary>Closes both pipes.</summary>
    public void Dispose()
    {
        input.Dispose();
        output.Dispose();
    }

    private bool TryRead(Span<byte> octets, bool mayEnd)
    {
        for (var at = 0; at < octets.Length;)
        {
            Await(input, Libc.PollIn);
            var read = Libc.Read(input, ref octets[at], octets.Length - at);
            if (read == 0)
            {
                return at == 0 && mayEnd ? false : throw new IOException("it has ended in the middle of something");
            }

            at += (int)Done(read);
        }

        return true;
    }

    private void Write(ReadOnlySpan<byte> octets)
    {
        for (var at = 0; at < octets.Length;)
        {
            Await(output, Libc.PollOut);
            at += (int)Done(Libc.Write(output, ref MemoryMarshal.GetReference(octets[at..]), octets.Length - at));
        }
    }

    private static nint Done(nint result)
    {
        var error = result < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (error is not (0 or Libc.TryAgain or Libc.Interrupted))
        {
            Libc.ThrowIf(error, "pipe");
        }

        return Math.Max(0, result);
    }

    private void Await(SafeFileHandle file, short what)
    {
        while (true)
        {
            var left = _patience is { } patience ? patience - time.GetElapsedTime(_began) : Timeout.InfiniteTimeSpan;
            if (_patience is not null && left <= TimeSpan.Zero)
            {
                throw new TimeoutException("it takes too long");
            }

            var entry = new Libc.PollEntry { File = (int)file.DangerousGetHandle(), Events = what };
            var wait = _patience is null ? -1 : (int)Math.Ceiling(Math.Min(left.TotalMilliseconds, 60_000));
            if (Libc.Poll(ref entry, 1, wait) > 0)
            {
                return;
            }
        }
    }
}
