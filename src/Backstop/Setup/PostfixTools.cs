namespace Backstop.Setup;

/// <summary>Reads and changes the configuration of one Postfix, with its own postconf and postmap.</summary>
/// <param name="folder">The folder with main.cf and master.cf.</param>
internal sealed class PostfixTools(string folder)
{
    /// <summary>The folder with main.cf and master.cf.</summary>
    public string Folder => folder;

    /// <summary>A setting of main.cf with every <c>$name</c> in it replaced, whether the file sets it or not.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="ct">Stops the work.</param>
    /// <param name="instead">Another setting with a value to reckon with, <c>name=value</c>; null for none.</param>
    public Task<string> ExpandedAsync(string name, CancellationToken ct, string? instead = null) =>
        SetupProgram.MustAsync(
            "postconf", instead is null ? ["-c", folder, "-h", "-x", name] : ["-c", folder, "-o", instead, "-h", "-x", name], ct);

    /// <summary>The value that main.cf or master.cf sets, as written; null where Postfix uses its default.</summary>
    /// <param name="name">A setting of main.cf, or <c>service/type/setting</c>.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<string?> SetValueAsync(string name, CancellationToken ct)
    {
        var isService = name.Contains('/', StringComparison.Ordinal);
        var (_, output, _) = await SetupProgram.RunAsync("postconf", ["-c", folder, isService ? "-P" : "-n", name], ct);
        var equals = output.IndexOf(" =", StringComparison.Ordinal);
        return equals < 0 ? null : output[(equals + 2)..].Trim();
    }

    /// <summary>Sets a setting of main.cf or master.cf.</summary>
    public Task SetAsync(PostfixChange change, string value, CancellationToken ct) =>
        SetupProgram.MustAsync("postconf", ["-c", folder, change.IsService ? "-P" : "-e", $"{change.Name}={value}"], ct);

    /// <summary>Takes a setting out of its file, so that Postfix uses its default.</summary>
    public Task RemoveAsync(PostfixChange change, CancellationToken ct) =>
        SetupProgram.MustAsync("postconf", ["-c", folder, change.IsService ? "-PX" : "-X", change.Name], ct);

    /// <summary>The services of master.cf, with their options.</summary>
    public async Task<IReadOnlyList<PostfixService>> ServicesAsync(CancellationToken ct)
    {
        var services = PostfixService.Parse(await SetupProgram.MustAsync("postconf", ["-c", folder, "-M"], ct));
        PostfixService.AddOptions(services, await SetupProgram.MustAsync("postconf", ["-c", folder, "-x", "-P"], ct));
        return services;
    }

    /// <summary>All entries of a table, a key and a value each line; null where this kind of table cannot be listed.</summary>
    /// <param name="table">Such as <c>hash:/etc/postfix/virtual</c>.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<string?> ListAsync(string table, CancellationToken ct)
    {
        var (code, output, _) = await SetupProgram.RunAsync("postmap", ["-c", folder, "-s", table], ct);
        return code == 0 ? output : null;
    }

    /// <summary>Whether a table has an entry for a key.</summary>
    /// <param name="table">Such as <c>mysql:/etc/postfix/domains.cf</c>.</param>
    /// <param name="key">The key, such as <c>example.org</c>.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<bool> HasAsync(string table, string key, CancellationToken ct) =>
        (await SetupProgram.RunAsync("postmap", ["-c", folder, "-q", key, table], ct)).ExitCode == 0;

    /// <summary>Makes Postfix check its configuration, and reload it if it runs.</summary>
    /// <exception cref="CommandException">Postfix rejects the configuration.</exception>
    public async Task ReloadAsync(CancellationToken ct)
    {
        await SetupProgram.MustAsync("postfix", ["-c", folder, "check"], ct);
        if ((await SetupProgram.RunAsync("postfix", ["-c", folder, "status"], ct)).ExitCode == 0)
        {
            await SetupProgram.MustAsync("postfix", ["-c", folder, "reload"], ct);
        }
    }
}
