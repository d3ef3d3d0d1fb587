using System.Globalization;
using System.Text;

namespace Backstop.Clean.Report;

/// <summary>Draws arrivals over time as an SVG: one bar for each span of time, with the piles stacked.</summary>
internal static class ArrivalChart
{
    private const int Width = 1000;
    private const int Height = 260;
    private const int Left = 52;
    private const int Bottom = 28;
    private const int Top = 12;
    private const int MaxBars = 96;
    private const int Labels = 6;

    // Round spans of clock and calendar, in minutes.
    private static readonly int[] _spans = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 43200, 129600, 525600];

    private static readonly Pile[] _order = [Pile.Mail, Pile.Ours, Pile.Unsure, Pile.Backscatter];

    /// <summary>Draws the chart.</summary>
    /// <param name="messages">At least one message.</param>
    public static string Draw(IReadOnlyList<FoundMail> messages)
    {
        var (first, span, counts) = Count(messages);
        var highest = Math.Max(1, Enumerable.Range(0, counts.GetLength(0)).Max(i => _order.Sum(p => counts[i, (int)p])));
        var step = NiceStep(highest);
        var top = (highest + step - 1) / step * step;
        var svg = new StringBuilder();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Arrivals over time, at most {highest} in {Span(span)}\">");
        for (var value = 0; value <= top; value += step)
        {
            var y = Y(value, top);
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width}\" y1=\"{y:F1}\" y2=\"{y:F1}\"/><text x=\"{Left - 6}\" "
                    + $"y=\"{y + 4:F1}\" text-anchor=\"end\">{value:N0}</text>");
        }

        DrawBars(svg, counts, first, span, top);
        DrawTimes(svg, counts.GetLength(0), first, span);
        return svg.Append("</svg>").ToString();
    }

    /// <summary>Returns the span of time that one bar stands for.</summary>
    public static string SpanOf(IReadOnlyList<FoundMail> messages) => Span(Count(messages).Span);

    private static void DrawBars(StringBuilder svg, int[,] counts, DateTimeOffset first, TimeSpan span, int top)
    {
        var bars = counts.GetLength(0);
        var width = (double)(Width - Left) / bars;
        for (var i = 0; i < bars; i++)
        {
            var below = 0;
            var all = string.Join(
                ", ",
                _order.Where(p => counts[i, (int)p] > 0).Select(p =>
                    string.Create(CultureInfo.InvariantCulture, $"{counts[i, (int)p]:N0} {Piles.Word(p)}")));
            svg.Append(CultureInfo.InvariantCulture, $"<g><title>{Time(first + (span * i), span)}: {all}</title>");
            foreach (var pile in _order)
            {
                var count = counts[i, (int)pile];
                if (count > 0)
                {
                    var y = Y(below + count, top);
                    svg.Append(
                        CultureInfo.InvariantCulture,
                        $"<rect class=\"{Piles.Word(pile)}\" x=\"{Left + (i * width):F1}\" y=\"{y:F1}\" "
                            + $"width=\"{Math.Max(1, width - 1):F1}\" height=\"{Math.Max(1, Y(below, top) - y):F1}\"/>");
                    below += count;
                }
            }

            svg.Append("</g>");
        }
    }

    private static void DrawTimes(StringBuilder svg, int bars, DateTimeOffset first, TimeSpan span)
    {
        for (var label = 0; label < Labels; label++)
        {
            var bar = bars * label / Labels;
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<text x=\"{Left + ((double)(Width - Left) * bar / bars):F1}\" "
                    + $"y=\"{Height - 8}\">{Time(first + (span * bar), span)}</text>");
        }
    }

    private static (DateTimeOffset First, TimeSpan Span, int[,] Counts) Count(IReadOnlyList<FoundMail> messages)
    {
        var (from, to) = Window(messages);
        var minutes = _spans.FirstOrDefault(s => (to - from).TotalMinutes / s < MaxBars, _spans[^1]);
        var span = TimeSpan.FromMinutes(minutes);
        var first = new DateTimeOffset(from.UtcTicks - (from.UtcTicks % span.Ticks), TimeSpan.Zero);
        var counts = new int[Math.Min(4 * MaxBars, (int)((to - first) / span) + 1), 4];
        foreach (var mail in messages.Where(m => m.At >= from && m.At <= to))
        {
            counts[Math.Min(counts.GetLength(0) - 1, (int)((mail.At - first) / span)), (int)mail.Finding.Pile]++;
        }

        return (first, span, counts);
    }

    // A mailbox may cover years while its flood lasts a morning: the chart shows the flood and as much time again on
    // both sides.
    private static (DateTimeOffset From, DateTimeOffset To) Window(IReadOnlyList<FoundMail> messages)
    {
        var all = messages.Select(m => m.At).Order().ToList();
        var flood = messages.Where(m => m.Finding.Pile == Pile.Backscatter).Select(m => m.At).Order().ToList();
        if (flood.Count == 0)
        {
            return (all[0], all[^1]);
        }

        var (from, to) = (flood[flood.Count / 50], flood[flood.Count - 1 - (flood.Count / 50)]);
        var margin = (to - from) / 4;
        from = from - margin > all[0] ? from - margin : all[0];
        to = to + margin < all[^1] ? to + margin : all[^1];
        return (from, to);
    }

    private static double Y(int value, int top) => Top + ((Height - Top - Bottom) * (1 - ((double)value / top)));

    private static int NiceStep(int highest)
    {
        var step = (int)Math.Pow(10, Math.Floor(Math.Log10(Math.Max(1, highest / 4.0))));
        return new[] { step, 2 * step, 5 * step, 10 * step }.First(s => highest / s <= 5);
    }

    private static string Time(DateTimeOffset at, TimeSpan span) =>
        at.ToString(span.TotalDays >= 1 ? "yyyy-MM-dd" : "MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Span(TimeSpan span) =>
        span.TotalDays >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:F0} days")
        : span.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:F0} h")
        : string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:F0} min");
}
