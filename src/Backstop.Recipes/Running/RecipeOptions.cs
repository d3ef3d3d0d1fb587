namespace Backstop.Recipes.Running;

/// <summary>How recipes are carried out.</summary>
public sealed record RecipeOptions
{
    /// <summary>Whether to do exactly as procmail does, even where that loses mail.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Whether the exit code of a failure for which nothing else is set is 75 (try again) instead of 73 (bounce it).</summary>
    public bool SoftFails { get; init; }

    /// <summary>Arguments: <c>$1</c> and on.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether this is a general filter (-m): nothing but the rcfile decides where mail goes.</summary>
    public bool IsGeneralFilter { get; init; }

    /// <summary>What messages of ours begin with.</summary>
    public string LogName { get; init; } = "procmail";

    /// <summary>Changes a message when it is read, at the start and from a filter; null leaves it unchanged.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? Reads { get; init; }

    /// <summary>Whether a deviation from procmail, given by its id, is still to be logged; null logs it once a message.</summary>
    public Func<string, bool>? TellsDeviation { get; init; }

    /// <summary>Whether filters of a recipe hold the recipe's lockfile. A server bounds filters itself.</summary>
    public bool LocksFilters { get; init; } = true;
}

/// <summary>The result of running recipes over one message.</summary>
/// <param name="ExitCode">The exit code, of sysexits(3) unless the rcfile sets EXITCODE.</param>
/// <param name="IsDelivered">Whether the message was delivered.</param>
/// <param name="Folder">The folder it was delivered to, or the reason why it was not delivered.</param>
public sealed record RecipeOutcome(int ExitCode, bool IsDelivered, string Folder);
