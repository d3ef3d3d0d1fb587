namespace Backstop.Configuration.Options;

/// <summary>How the recipes of mailboxes are run.</summary>
internal sealed class RecipeSettings
{
    /// <summary>
    /// The most messages whose recipes run at the same time, which also limits the programs they start. Default 8.
    /// </summary>
    [Bounds(1, 1000)]
    public int MaxParallel { get; set; } = 8;

    /// <summary>
    /// The time limit of a program that a recipe starts; then it is ended with all its children. TIMEOUT in the recipes
    /// overrides it. Default 5m.
    /// </summary>
    [Bounds("1s", "1h")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The most mails that the recipes of one mailbox may send on (<c>!</c>, or a pipe to a mail program) in about an
    /// hour. Further ones wait in the spool, which states the reason; so does mail whose recipes run a program before
    /// they may send it on. 0 means no limit. Default 1000.
    /// </summary>
    [Bounds(0, 1_000_000)]
    public int MaxForwards { get; set; } = 1000;
}
