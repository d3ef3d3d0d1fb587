namespace Backstop.Clean;

/// <summary>What strangers wrote, made fit for a terminal.</summary>
internal static class PlainText
{
    /// <summary>Nothing that could move its cursor or turn its text around, and no more than that many characters.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="max">Characters.</param>
    public static string Of(string text, int max)
    {
        var plain = string.Concat(text.Select(c => char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') ? ' ' : c));
        return plain.Length > max ? plain[..(max - 3)] + "..." : plain;
    }
}
