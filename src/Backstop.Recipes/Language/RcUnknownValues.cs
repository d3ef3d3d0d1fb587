using System.Buffers;
using Backstop.Recipes.Running;

namespace Backstop.Recipes.Language;

/// <summary>Values while an rcfile is only read and nothing is run: every variable has the same one.</summary>
/// <param name="value">What every variable has; empty for none.</param>
internal sealed class RcUnknownValues(string value) : IRcValues
{
    private static readonly SearchValues<char> _shellMetas = SearchValues.Create(RecipeDefaults.ShellMetas);

    /// <summary>Used to read what an rcfile says without the values of its variables.</summary>
    public static RcUnknownValues Empty { get; } = new("");

    /// <summary>
    /// Used to find where a text ends: a variable that may have a value begins a word, so a # behind it begins no comment.
    /// </summary>
    public static RcUnknownValues Some { get; } = new("x");

    /// <inheritdoc/>
    public bool AreKnown => value.Length == 0;

    /// <inheritdoc/>
    public string? Variable(string name) => value.Length == 0 ? null : value;

    /// <inheritdoc/>
    public bool IsFromMail(string name) => false;

    /// <inheritdoc/>
    public string Special(char name) => value;

    /// <inheritdoc/>
    public string Output(string command, int room) => value;

    /// <inheritdoc/>
    public bool IsForShell(string command) => command.AsSpan().ContainsAny(_shellMetas);

    /// <inheritdoc/>
    public void Complain(string text)
    {
    }
}
