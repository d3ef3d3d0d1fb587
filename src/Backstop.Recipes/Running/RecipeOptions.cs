namespace Backstop.Recipes.Running;

/// <summary>How recipes are carried out.</summary>
public sealed record RecipeOptions
{
    /// <summary>procmail's behaviour to the letter, where it loses mail too.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Whether the last resort of a failure is 75 (try again) instead of 73 (bounce it).</summary>
    public bool SoftFails { get; init; }

    /// <summary>Arguments: <c>$1</c> and on.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether this is a general filter (-m): nothing but the rcfile decides where mail goes.</summary>
    public bool IsGeneralFilter { get; init; }

    /// <summary>What messages of ours begin with.</summary>
    public string LogName { get; init; } = "procmail";

    /// <summary>What is made of a message where it is read: at the beginning, and from a filter. Null leaves it as it is.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? Reads { get; init; }

    /// <summary>Whether a deviation, named by its id, is still to be told; null where each message tells its own.</summary>
    public Func<string, bool>? TellsDeviation { get; init; }

    /// <summary>Whether filters of a recipe hold the recipe's lockfile. A server bounds filters itself.</summary>
    public bool LocksFilters { get; init; } = true;
}

/// <summary>The result of running recipes over one message.</summary>
/// <param name="ExitCode">The exit code, of sysexits(3) unless the rcfile sets EXITCODE.</param>
/// <param name="IsDelivered">Whether the message is somewhere.</param>
/// <param name="Folder">Where, or why not.</param>
public sealed record RecipeOutcome(int ExitCode, bool IsDelivered, string Folder);
