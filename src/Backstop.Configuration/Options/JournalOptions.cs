using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>The journal of sent mail.</summary>
internal sealed class JournalOptions
{
    /// <summary>The database file. Default: <c>journal.db</c> in the data folder.</summary>
    public string Path { get; set; } = "";

    /// <summary>How long after a message to a recipient a bounce from there counts as proved. Default 14d.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "365.00:00:00")]
    public TimeSpan RecipientWindow { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How long entries are kept. Default 90d.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(90);
}
