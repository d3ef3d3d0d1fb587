using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Reports;

/// <summary>Wraps text as SpamAssassin's reports and header fields are wrapped (Util.pm, wrap).</summary>
internal static class PerlWrap
{
    /// <summary>Wraps at white space.</summary>
    /// <param name="text">One paragraph.</param>
    /// <param name="prefix">In front of every line but the first.</param>
    /// <param name="first">In front of the first.</param>
    /// <param name="width">Characters of a line.</param>
    /// <param name="overflow">A word may stand beyond the width.</param>
    public static string AtSpaces(string text, string prefix, string first, int width, bool overflow = false)
    {
        var pieces = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (PerlSpace.Is(text[i]))
            {
                pieces.Add(text[start..i]);
                pieces.Add(text[i].ToString());
                start = i + 1;
            }
        }

        pieces.Add(text[start..]);
        return Join(pieces, prefix, first, width, overflow);
    }

    /// <summary>Wraps behind white space and commas, as a header field is folded.</summary>
    public static string Folded(string text, string prefix, int width)
    {
        var pieces = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == ',' || PerlSpace.Is(text[i]))
            {
                pieces.Add(text[start..(i + 1)]);
                pieces.Add("");
                start = i + 1;
            }
        }

        pieces.Add(text[start..]);
        return Join(pieces, prefix, "", width, overflow: false);
    }

    private static string Join(List<string> pieces, string prefix, string first, int width, bool overflow)
    {
        while (pieces.Count > 0 && pieces[^1].Length == 0)
        {
            pieces.RemoveAt(pieces.Count - 1);
        }

        if (first.Length > 0)
        {
            pieces.Insert(0, first);
        }

        // Words and the blanks behind them alternate; a line takes pieces until the next would not fit.
        var queue = new Queue<string>(pieces);
        var lines = new List<string>();
        var line = queue.TryDequeue(out var head) ? head : "";
        var hasTaken = false;
        while (queue.TryPeek(out var next))
        {
            var length = Width(line) + (hasTaken && !overflow ? Width(next) : 0);
            if (length <= width)
            {
                line += queue.Dequeue();
                hasTaken = true;
                continue;
            }

            lines.Add(PerlSpace.TrimEnd(line));
            (line, hasTaken) = (prefix, false);
        }

        lines.Add(line);
        return string.Join('\n', lines);
    }

    private static int Width(string text) => text.Length + (text.Count(c => c == '\t') * 7);
}
