using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>How the recipes of mailboxes are carried out.</summary>
internal sealed class RecipeSettings
{
    /// <summary>Messages whose recipes run at once: what bounds the programs they start. Default 8.</summary>
    [Range(1, 1000)]
    public int MaxParallel { get; set; } = 8;

    /// <summary>
    /// How long a program of a recipe may take before it is ended with all it has started; TIMEOUT in the recipes says otherwise.
    /// Default 5m.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Mails that the recipes of one mailbox may send on (<c>!</c>, or a pipe to a mail program) in about an hour; the next ones
    /// wait in the spool, which says why, and so does mail whose recipes run a program before they may send it on. 0 for any
    /// number. Default 1000.
    /// </summary>
    [Range(0, 1_000_000)]
    public int MaxForwards { get; set; } = 1000;
}
