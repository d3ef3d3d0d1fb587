namespace Backstop.Server.Delivery;

/// <summary>A copy of a message that waits for the recipes of its mailbox, or is with them.</summary>
/// <param name="message">The message that it is a copy of.</param>
/// <param name="target">The number of the copy.</param>
/// <param name="version">The version of the copy's state that the job belongs to.</param>
/// <param name="recipes">Runs the rcfile of the copy's mailbox.</param>
internal sealed class RecipeJob(InDelivery message, int target, int version, MailboxRecipes recipes)
{
    public InDelivery Message => message;

    public int Target => target;

    public int Version => version;

    public MailboxRecipes Recipes => recipes;

    /// <summary>Whether they are to run again.</summary>
    public bool IsWanted => !message.IsGone && !message.IsHeld && message[target].Version == version;

    /// <summary>How often they have failed.</summary>
    public int Failures { get; set; }

    /// <summary>Why they failed last.</summary>
    public string Error { get; set; } = "";

    /// <summary>The time of the next try.</summary>
    public DateTimeOffset RetryAt { get; set; }
}
