namespace Backstop.MailAuth;

/// <summary>
/// A circuit breaker: after several failures in a row nobody asks for a while (the rest). After the rest one caller
/// asks; the others do without until that answer is a success, or until another rest has passed.
/// </summary>
/// <remarks>
/// Used by many threads at once. If the caller that asks never reports back, another one may ask after one more rest.
/// </remarks>
/// <param name="failuresBeforeRest">Failures in a row that begin a rest.</param>
/// <param name="rest">The length of a rest.</param>
/// <param name="time">The clock.</param>
internal sealed class Breaker(int failuresBeforeRest, TimeSpan rest, TimeProvider time)
{
    private int _failures;
    private long _restsUntil;

    /// <summary>Whether callers must do without an answer now.</summary>
    public bool Rests => Volatile.Read(ref _restsUntil) > time.GetTimestamp();

    /// <summary>Whether a rest has begun and nothing has succeeded since, also while one caller asks after it.</summary>
    public bool IsBroken => Volatile.Read(ref _restsUntil) != 0;

    /// <summary>Whether the caller may ask. True only once after each rest, so a caller that gets true must ask.</summary>
    public bool MayAsk()
    {
        var until = Volatile.Read(ref _restsUntil);
        return until == 0 || (until <= time.GetTimestamp() && Interlocked.CompareExchange(ref _restsUntil, RestEnd(), until) == until);
    }

    /// <summary>Records a success; ends the rest.</summary>
    public void Succeeded()
    {
        Volatile.Write(ref _failures, 0);
        Volatile.Write(ref _restsUntil, 0);
    }

    /// <summary>Records a failure.</summary>
    /// <returns>Whether a rest begins.</returns>
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
