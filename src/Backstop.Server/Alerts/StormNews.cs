using System.Threading.Channels;
using Backstop.Backscatter.Storms;

namespace Backstop.Server.Alerts;

/// <summary>
/// The beginnings and ends of storms to report. Up to a limit a day beginnings are reported at once, the others in the digest of the
/// next day. An end is reported wherever the beginning was.
/// </summary>
/// <param name="perDay">How many beginnings a day are reported at once.</param>
/// <param name="time">The clock.</param>
internal sealed class StormNews(int perDay, TimeProvider time)
{
    /// <summary>The most storms that wait to be reported, and the most in a digest.</summary>
    public const int MaxWaiting = 1000;

    private readonly Channel<StormRecord> _waiting = Channel.CreateBounded<StormRecord>(MaxWaiting);
    private readonly List<StormRecord> _untold = [];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private DateOnly _day;
    private int _today;

    /// <summary>Adds a storm that began or ended. Never waits.</summary>
    /// <returns>Whether it waits to be reported; false where too many do, so that only the digest has it.</returns>
    public bool Add(StormRecord storm)
    {
        if (_waiting.Writer.TryWrite(storm))
        {
            return true;
        }

        lock (_untold)
        {
            _told.Remove(storm.Id);
            Keep(storm);
        }

        return false;
    }

    /// <summary>Returns the storms to report, as they come.</summary>
    public IAsyncEnumerable<StormRecord> ReadAsync(CancellationToken ct) => _waiting.Reader.ReadAllAsync(ct);

    /// <summary>Whether a storm is reported at once; where it is not, the digest has it.</summary>
    public bool MayTell(StormRecord storm)
    {
        lock (_untold)
        {
            if (Today() != _day && _untold.Count == 0)
            {
                _day = Today();
                _today = 0;
            }

            if (storm.Ended is null ? _today < perDay : _told.Remove(storm.Id))
            {
                _today += storm.Ended is null ? 1 : 0;

                // Where the queue was full, the end may have gone to the digest before the beginning was reported.
                if (storm.Ended is null && !_untold.Exists(s => s.Id == storm.Id && s.Ended is not null))
                {
                    _told.Add(storm.Id);
                }

                return true;
            }

            Keep(storm);
            return false;
        }
    }

    /// <summary>Returns what the digest has, on the first day on which it may be sent, and forgets it.</summary>
    public IReadOnlyList<StormRecord> TakeRest()
    {
        lock (_untold)
        {
            if (Today() == _day || _untold.Count == 0)
            {
                return [];
            }

            StormRecord[] rest = [.. _untold];
            _untold.Clear();
            return rest;
        }
    }

    // Later news of a storm replaces earlier news, but never an end by a beginning.
    private void Keep(StormRecord storm)
    {
        if (storm.Ended is null && _untold.Exists(s => s.Id == storm.Id && s.Ended is not null))
        {
            return;
        }

        _untold.RemoveAll(s => s.Id == storm.Id);
        if (_untold.Count == MaxWaiting)
        {
            _untold.RemoveAt(0);
        }

        _untold.Add(storm);
    }

    private DateOnly Today() => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
}
