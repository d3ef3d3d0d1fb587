using Backstop.Mail;

namespace Backstop.Clean;

/// <summary>What strangers wrote, made fit for a terminal.</summary>
internal static class PlainText
{
    /// <summary>Nothing that could move its cursor or turn its text around, and no more than that many characters.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="max">Characters.</param>
    public static string Of(string text, int max)
    {
        var plain = ShownText.Of(text);
        return plain.Length > max ? plain[..(max - 3)] + "..." : plain;
    }
}
