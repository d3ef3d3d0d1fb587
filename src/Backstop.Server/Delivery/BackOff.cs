namespace Backstop.Server.Delivery;

/// <summary>How long to wait after a failure: a second, then twice as long each time, at most five minutes.</summary>
internal static class BackOff
{
    private const int MostDoublings = 10;
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(5);

    /// <summary>Returns the pause before the next try.</summary>
    /// <param name="failures">Failures in a row, the present one included.</param>
    public static TimeSpan After(int failures)
    {
        var pause = TimeSpan.FromSeconds(Math.Pow(2, Math.Clamp(failures - 1, 0, MostDoublings)));
        return pause < _longest ? pause : _longest;
    }
}
