using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Terminal;

namespace Backstop.Setup;

/// <summary>Backstop's own half of a set-up: its configuration, its key, and that it runs. It comes before any change elsewhere.</summary>
/// <param name="config">The file with the configuration.</param>
internal sealed class OwnSide(string config)
{
    /// <summary>Writes the configuration where there is none.</summary>
    /// <param name="text">The configuration.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>Whether it was written.</returns>
    public async Task<bool> WriteAsync(string text, CancellationToken ct)
    {
        if (File.Exists(config))
        {
            return false;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(config))!);
        await File.WriteAllTextAsync(config, text, ct);
        return true;
    }

    /// <summary>Makes a key where there is none and something is to be signed.</summary>
    /// <param name="options">The configuration.</param>
    /// <returns>The file with the key; null where none was made.</returns>
    public static string? MakeKey(BackstopOptions options)
    {
        var path = DataPaths.BatvKeys(options);
        if (!NeedsKey(options) || BatvKeyFile.Read(path).Count > 0)
        {
            return null;
        }

        BatvKeyFile.AddNew(path);
        return path;
    }

    /// <summary>Returns if a mail server may be told to ask Backstop.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="server">Whose configuration is to be changed: Postfix.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="CommandException">Backstop does not answer, or knows no key; the message says what to do.</exception>
    public async Task RequireAsync(BackstopOptions options, string server, CancellationToken ct)
    {
        var keys = BatvKeyFile.Read(DataPaths.BatvKeys(options));
        var wrong = (await new SetupProbe(options, keys).AskAsync(ct)).Where(r => r.Trouble is not null).ToList();
        if (wrong.Count > 0)
        {
            var what = string.Join('\n', wrong.Select(r => $"  {r.Port}: {r.Trouble}"));
            throw new CommandException(
                ExitCode.Unavailable,
                $"Backstop must run before {server} asks it:\n{what}\n"
                    + $"Start it (systemctl enable --now backstop, or backstop serve --config {ShellWords.Quote(config)}), "
                    + $"then run this again. {server} was not changed");
        }
    }

    /// <summary>Whether anything is to be signed: senders by tags, messages by a field.</summary>
    public static bool NeedsKey(BackstopOptions options) => options.Outbound.SignSender || options.Outbound.SignMessage;
}
