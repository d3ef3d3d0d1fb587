using System.Globalization;

namespace Backstop.Configuration;

/// <summary>One error in a configuration file.</summary>
/// <param name="File">The path as the reader was given it.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column, from 1.</param>
/// <param name="Message">What is wrong, and what to write instead.</param>
internal sealed record ConfigError(string File, int Line, int Column, string Message)
{
    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {Message}");
}
