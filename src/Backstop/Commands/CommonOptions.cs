using System.CommandLine;
using Backstop.Configuration;
using Backstop.Configuration.Options;

namespace Backstop.Commands;

/// <summary>Options that several verbs have.</summary>
internal static class CommonOptions
{
    public static Option<string?> Config() => new("--config") { Description = "Configuration file (TOML).", HelpName = "FILE" };

    public static Option<string?> Data() => new("--data")
    {
        Description = $"The data folder. Default: that of the configuration, or {Demo.DataFolder}.",
        HelpName = "DIR",
    };

    public static Option<string?> User() => new("--user")
    {
        Description = "By the preferences and with the learner that the server uses for this user's mail (spam.user_prefs, "
        + "spam.bayes_store).",
        HelpName = "NAME",
    };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON on stdout, one object a line." };

    public static Option<string[]> OwnField() => new("--own-field")
    {
        Description = "A header field that only your mail carries: X-Campaign-Id, or with the beginning of its value, "
        + "\"X-Campaign-Id: s3cret-\". A bounce that returns it is yours. May be repeated.",
        HelpName = "FIELD",
    };

    /// <summary>
    /// Adds the fields of <see cref="OwnField"/> to those of the configuration, or throws where one of them is wrong.
    /// </summary>
    public static void AddOwnFields(BackstopOptions options, string[]? fields)
    {
        foreach (var field in fields ?? [])
        {
            if (!Backscatter.Proofs.OwnField.TryParse(field, out _, out var wrong))
            {
                throw new CommandException(ExitCode.Usage, $"--own-field: {wrong}");
            }
        }

        options.Backscatter.OwnFields = [.. options.Backscatter.OwnFields, .. fields ?? []];
    }

    /// <summary>Reads a configuration, or throws with all errors in it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warnings">Receives what is wrong for one mailbox or alert only; null: the verb has no use for either.</param>
    public static BackstopOptions Read(string path, List<ConfigError>? warnings = null) => Checked(path, TryRead(path, warnings));

    /// <summary>Reads a configuration with its errors.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warnings">As for <see cref="Read"/>.</param>
    /// <exception cref="CommandException">There is no such file.</exception>
    public static (BackstopOptions Options, IReadOnlyList<ConfigError> Errors) TryRead(string path, List<ConfigError>? warnings) =>
        File.Exists(path) ? ConfigFile.Read(path, warnings)
            : throw new CommandException(ExitCode.NoInput, $"{path}: no such file; --config names the configuration");

    /// <summary>Returns what was read, or throws with all errors in it.</summary>
    public static BackstopOptions Checked(string path, (BackstopOptions Options, IReadOnlyList<ConfigError> Errors) read) =>
        read.Errors.Count == 0 ? read.Options : throw Wrong(path, read.Errors);

    /// <summary>Returns the exception that ends a verb where a configuration has errors.</summary>
    public static CommandException Wrong(string path, IReadOnlyList<ConfigError> errors) => new(
        ExitCode.BadConfig, $"{path}: {errors.Count} error{(errors.Count == 1 ? "" : "s")}\n{string.Join('\n', errors)}");

    /// <summary>
    /// Returns the options for a verb that needs only the data folder, given by a configuration or by the folder alone.
    /// </summary>
    public static BackstopOptions ReadForData(string? config, string? data, List<ConfigError>? warnings = null)
    {
        var options = config is null ? new BackstopOptions { Data = Demo.DataFolder } : Read(config, warnings);
        options.Data = data ?? options.Data;
        return options;
    }
}
