using System.Globalization;

namespace Backstop.Server.Web.Pages;

/// <summary>Draws counts over time as an SVG of bars, without scripts.</summary>
internal static class BarChart
{
    private const int Width = 1000;
    private const int Height = 220;
    private const int Left = 50;
    private const int Bottom = 24;
    private const int MaxBars = 120;
    private const int Labels = 5;

    private static readonly int[] _spans = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];

    /// <summary>Draws the chart.</summary>
    /// <param name="minutes">Counts by minutes since 1970; at least one.</param>
    /// <param name="label">A description for people who cannot see the chart.</param>
    public static Markup Draw(IReadOnlyDictionary<long, long> minutes, string label)
    {
        var (from, to) = (minutes.Keys.Min(), minutes.Keys.Max());
        var span = _spans.FirstOrDefault(s => (to - from) / s < MaxBars, _spans[^1]);
        var first = from - (from % span);
        var bars = new long[((to - first) / span) + 1];
        foreach (var (minute, count) in minutes)
        {
            bars[(minute - first) / span] += count;
        }

        var highest = bars.Max();
        var width = (double)(Width - Left) / bars.Length;
        var svg = new Markup().Add(
            $"<svg class=\"bars\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{label}, at most {highest} in {span} min\">");
        foreach (var share in new[] { 0, 0.5, 1 })
        {
            svg.Add(
                $"<line x1=\"{Left}\" x2=\"{Width}\" y1=\"{Y(share)}\" y2=\"{Y(share)}\"/><text x=\"{Left - 6}\" y=\"{Y(share)}\" "
                    + $"dy=\"4\" text-anchor=\"end\">{Math.Round(share * highest):N0}</text>");
        }

        for (var i = 0; i < bars.Length; i++)
        {
            if (bars[i] > 0)
            {
                var y = Y((double)bars[i] / highest);
                svg.Add(
                    $"<rect x=\"{Left + (i * width):F1}\" y=\"{y:F1}\" width=\"{Math.Max(1, width - 1):F1}\" "
                        + $"height=\"{Y(0) - y:F1}\"><title>{Time(first + (i * span))}: {bars[i]:N0}</title></rect>");
            }
        }

        for (var i = 0; i < Labels; i++)
        {
            svg.Add(
                $"<text x=\"{Left + ((Width - Left) * i / Labels)}\" "
                    + $"y=\"{Height - 6}\">{Time(first + (bars.Length * i / Labels * span))}</text>");
        }

        return svg.Add($"</svg>");
    }

    private static double Y(double share) => 8 + ((Height - Bottom - 8) * (1 - share));

    private static string Time(long minute) =>
        DateTimeOffset.FromUnixTimeSeconds(minute * 60).UtcDateTime.ToString("MM-dd HH:mm", CultureInfo.InvariantCulture);
}
