namespace Backstop.Server.Control;

/// <summary>What came of a reload of the configuration.</summary>
/// <param name="IsTaken">Whether the new configuration is in force; else all of the old one is.</param>
/// <param name="Changed">The keys that changed and were taken up.</param>
/// <param name="Waiting">The keys whose change waits for a restart.</param>
/// <param name="Errors">Why it was refused, each with its place in the file where it has one.</param>
/// <param name="Warnings">What is wrong for one mailbox or alert only.</param>
internal sealed record ReloadReport(
    bool IsTaken, IReadOnlyList<string> Changed, IReadOnlyList<string> Waiting, IReadOnlyList<string> Errors,
    IReadOnlyList<string> Warnings)
{
    /// <summary>The verb on the control socket that asks for a reload.</summary>
    public const string Verb = "reload";

    /// <summary>Whether it was refused only because the server stops.</summary>
    public bool IsForLater { get; init; }

    /// <summary>A reload that was refused.</summary>
    public static ReloadReport Refused(params IReadOnlyList<string> errors) => new(IsTaken: false, [], [], errors, []);
}
