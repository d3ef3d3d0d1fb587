using Backstop.Configuration.Options;
using Tomlyn.Parsing;

namespace Backstop.Configuration;

/// <summary>Reads a configuration file and reports all errors at once, each with line and column.</summary>
internal static class ConfigFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warnings">Receives what is wrong for one mailbox or alert only.</param>
    /// <returns>The options and the errors; the options may be used only if there are no errors.</returns>
    public static (BackstopOptions Options, IReadOnlyList<ConfigError> Errors) Read(string path, List<ConfigError>? warnings = null) =>
        Parse(File.ReadAllText(path), path, warnings);

    /// <summary>Parses the text of a configuration.</summary>
    /// <param name="text">TOML.</param>
    /// <param name="file">The name to show in errors.</param>
    /// <param name="warnings">Receives what is wrong for one mailbox or alert only.</param>
    public static (BackstopOptions Options, IReadOnlyList<ConfigError> Errors) Parse(
        string text, string file, List<ConfigError>? warnings = null)
    {
        var options = new BackstopOptions();
        var binder = new ConfigBinder(file);
        var document = SyntaxParser.Parse(text, file, validate: true);
        foreach (var problem in document.Diagnostics)
        {
            binder.Errors.Add(new(file, problem.Span.Start.Line + 1, problem.Span.Start.Column + 1, problem.Message));
        }

        if (!document.HasErrors)
        {
            binder.Bind(document, options);
            options.Complete();
            options.Check(binder);
            warnings?.AddRange(binder.Warnings);
        }

        return (options, [.. binder.Errors.OrderBy(e => e.Line).ThenBy(e => e.Column)]);
    }
}
