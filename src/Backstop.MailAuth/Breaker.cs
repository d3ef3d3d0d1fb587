namespace Backstop.MailAuth;

/// <summary>
/// Leaves alone what fails again and again. When its rest is over, one question tries it; the others are answered without it until that one
/// has come back with success, or another rest is over.
/// </summary>
/// <remarks>Used by many threads at once. A question that never comes back holds nothing up: it counts as one more rest.</remarks>
/// <param name="failuresBeforeRest">Failures in a row after which it rests.</param>
/// <param name="rest">For how long.</param>
/// <param name="time">The clock.</param>
internal sealed class Breaker(int failuresBeforeRest, TimeSpan rest, TimeProvider time)
{
    private int _failures;
    private long _restsUntil;

    /// <summary>Whether it is left alone just now, but for the question that tries it.</summary>
    public bool Rests => Volatile.Read(ref _restsUntil) > time.GetTimestamp();

    /// <summary>Whether it may be asked. True once for each rest: whoever is told so must ask.</summary>
    public bool MayAsk()
    {
        var until = Volatile.Read(ref _restsUntil);
        return until == 0 || (until <= time.GetTimestamp() && Interlocked.CompareExchange(ref _restsUntil, RestEnd(), until) == until);
    }

    /// <summary>Notes that it has answered.</summary>
    public void Succeeded()
    {
        Volatile.Write(ref _failures, 0);
        Volatile.Write(ref _restsUntil, 0);
    }

    /// <summary>Notes that it has failed.</summary>
    /// <returns>Whether it rests now.</returns>
    public bool Failed()
    {
        if (Interlocked.Increment(ref _failures) < failuresBeforeRest)
        {
            return false;
        }

        Volatile.Write(ref _restsUntil, RestEnd());
        return true;
    }

    private long RestEnd() => time.GetTimestamp() + (long)(rest.TotalSeconds * time.TimestampFrequency);
}
