namespace Backstop.Terminal;

/// <summary>Writes words of a command line so that a POSIX shell reads them back unchanged.</summary>
internal static class ShellWords
{
    /// <summary>Returns the word as it is where no character of it means anything to a shell; else in single quotes.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsLetterOrDigit(c) || "/._-:@+%".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
