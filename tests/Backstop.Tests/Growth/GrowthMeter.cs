namespace Backstop.Tests.Growth;

/// <summary>
/// Measures how the cost of a scanner grows with its input. The least of several runs in CPU time of the thread counts, and an input is
/// compared with one sixteen times as long: a quadratic scanner costs 256 times as much then, a linear one 16 times, and what lies between
/// the two bounds is room for collections of garbage and for caches that are too small for the long input.
/// </summary>
internal static class GrowthMeter
{
    /// <summary>What doubling the input may cost on a quiet machine.</summary>
    public const double MostPerDoubling = 2.5;

    /// <summary>What says that a scanner is not quadratic: 117 times for four doublings, where 16 are linear and 256 quadratic.</summary>
    public const double NotQuadratic = 3.29;

    private const int LongestInput = 1 << 20;
    private const int Tries = 8;
    private const int Doublings = 4;
    private const int MoreDoublings = 6;

    // Below this, what a run costs besides its input decides; above the other, a short input is too dear whatever the growth.
    private static readonly TimeSpan _measurable = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan _tooMuch = TimeSpan.FromSeconds(2);

    /// <summary>The cost of doubling, measured over four doublings; 0 where a megabyte costs too little to measure.</summary>
    public static double Doubling(WorstInput input, Action<byte[]> scan, double most)
    {
        for (var times = 4; ; times *= 2)
        {
            var text = input.Times(times);
            var cost = Cost(text, scan, runs: 1);
            if (cost > _tooMuch)
            {
                return double.PositiveInfinity;
            }

            if (cost >= _measurable)
            {
                // Over six doublings a linear scanner has room for a factor of twenty between it and the bound; collections of garbage,
                // caches and a busy machine do not fill it.
                var first = Doubling(input, times, Doublings, scan, most);
                return first <= most ? first : Math.Min(first, Doubling(input, times, MoreDoublings, scan, most));
            }

            if (text.Length > LongestInput)
            {
                return 0;
            }
        }
    }

    private static double Doubling(WorstInput input, int times, int doublings, Action<byte[]> scan, double most)
    {
        var (few, many) = (input.Times(times), input.Times(times << doublings));
        var least = double.PositiveInfinity;
        var (cheap, dear) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var i = 0; i < Tries && least > most; i++)
        {
            // The machine's best day for both: a run that was disturbed costs more, never less.
            dear = Least(dear, Cost(many, scan, runs: i + 1));
            cheap = Least(cheap, Cost(few, scan, runs: 4 * (i + 1)));
            least = Math.Pow(dear / cheap, 1.0 / doublings);
            if (dear > _tooMuch)
            {
                break;
            }
        }

        return least;
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Cost(byte[] text, Action<byte[]> scan, int runs)
    {
        var least = TimeSpan.MaxValue;
        for (var i = 0; i < runs; i++)
        {
            var started = ThreadCpu.Now;
            scan(text);
            least = Least(least, ThreadCpu.Now - started);
        }

        return least;
    }
}
