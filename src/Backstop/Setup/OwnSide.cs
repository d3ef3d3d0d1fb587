using System.Globalization;
using System.Net;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Terminal;

namespace Backstop.Setup;

/// <summary>
/// Backstop's own side of a set-up: its configuration, its key, and the check that it runs. It comes before any change elsewhere.
/// </summary>
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

    /// <summary>
    /// Returns the address and port at which a mail server asks the milter: the first that the configuration lists, the usual one where
    /// there is no configuration yet.
    /// </summary>
    /// <param name="existing">The configuration; null where there is none.</param>
    /// <param name="server">Who asks: Postfix.</param>
    /// <exception cref="CommandException">The configuration lists none; the message says what to add.</exception>
    public IPEndPoint MilterPlace(BackstopOptions? existing, string server) =>
        existing is null ? new(IPAddress.Loopback, SetupPorts.Milter) : Place(existing.Listen.Milter, "milter", SetupPorts.Milter, server);

    /// <summary>Returns the address and port at which a mail server asks a table, as <see cref="MilterPlace"/> does.</summary>
    /// <param name="existing">The configuration; null where there is none.</param>
    /// <param name="server">Who asks: Postfix.</param>
    /// <exception cref="CommandException">The configuration lists none; the message says what to add.</exception>
    public IPEndPoint TablePlace(BackstopOptions? existing, string server) =>
        existing is null ? new(IPAddress.Loopback, SetupPorts.Table) : Place(existing.Listen.Table, "table", SetupPorts.Table, server);

    /// <summary>Returns only if a mail server may be told to ask Backstop.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="server">Whose configuration is to be changed: Postfix.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="CommandException">
    /// Backstop does not answer, has no port for a milter, or knows no key; the message says what to do.
    /// </exception>
    public async Task RequireAsync(BackstopOptions options, string server, CancellationToken ct)
    {
        // Without a milter there is nothing to ask, and nothing that could answer wrongly.
        MilterPlace(options, server);
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

    private IPEndPoint Place(IReadOnlyList<IPEndPoint> places, string listener, int usual, string server)
    {
        if (places.Count == 0)
        {
            throw new CommandException(ExitCode.BadConfig, string.Create(
                CultureInfo.InvariantCulture,
                $"{config}: {server} needs a port to ask at; add listen.{listener} = \"127.0.0.1:{usual}\" and restart Backstop"));
        }

        var place = places[0];
        var address = place.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : place.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : place.Address;
        return new(address, place.Port);
    }
}
