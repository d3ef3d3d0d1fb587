namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>A mail that must reach the inbox.</summary>
/// <param name="Habit">How it was written: the name of a habit, or of a whole mail.</param>
/// <param name="Language">Its language.</param>
/// <param name="Topic">What it is about.</param>
/// <param name="Path">The reverse-path; empty for the null reverse-path.</param>
/// <param name="Content">The message as SMTP brings it, CRLF line ends, one char an octet.</param>
internal sealed record Wanted(string Habit, string Language, string Topic, string Path, string Content)
{
    /// <summary>A name that says which of the many it is.</summary>
    public string Name => $"{Habit} {Language} {Topic}";
}
