namespace Backstop.Server.Spamd;

/// <summary>The octets of messages that all clients together may have in memory. Each has a small share that it need not ask for.</summary>
/// <param name="limit">The octets.</param>
internal sealed class SpamdMemory(long limit)
{
    /// <summary>The octets that each message may use without asking; nine of ten messages are no larger.</summary>
    public const int Share = 64 << 10;

    private long _taken;

    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Begins to count the memory of one message, from its first octet to the reply.</summary>
    public Holding Begin() => new(this);

    private bool TryTake(long octets)
    {
        if (Interlocked.Add(ref _taken, octets) <= limit)
        {
            return true;
        }

        Interlocked.Add(ref _taken, -octets);
        return false;
    }

    /// <summary>The memory of one message. For one thread at a time.</summary>
    public sealed class Holding(SpamdMemory memory) : IDisposable
    {
        private long _held;

        /// <summary>Reserves memory up to this many octets in all; false where none is left for messages.</summary>
        public bool TryHold(long octets)
        {
            var more = octets - Share - _held;
            if (more <= 0)
            {
                return true;
            }

            // In pieces, so that the counter is not touched for every segment.
            more = (more + Share - 1) / Share * Share;
            if (!memory.TryTake(more))
            {
                return false;
            }

            _held += more;
            return true;
        }

        public void Dispose()
        {
            Interlocked.Add(ref memory._taken, -_held);
            _held = 0;
        }
    }
}
