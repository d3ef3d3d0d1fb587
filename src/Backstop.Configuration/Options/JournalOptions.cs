namespace Backstop.Configuration.Options;

/// <summary>The journal of sent mail.</summary>
internal sealed class JournalOptions
{
    /// <summary>The database file. Default: <c>journal.db</c> in the data folder.</summary>
    public string Path { get; set; } = "";

    /// <summary>How long after a message to a recipient a bounce from there counts as proved. Default 14d.</summary>
    [Bounds("1h", "365d")]
    public TimeSpan RecipientWindow { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How long entries are kept. Default 90d.</summary>
    [Bounds("1d", "3650d")]
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(90);
}
