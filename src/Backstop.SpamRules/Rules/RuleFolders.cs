namespace Backstop.SpamRules.Rules;

/// <summary>Finds rule files as SpamAssassin does (SpamAssassin.pm, default_rules_path, site_rules_path, _reorder_dir).</summary>
internal static class RuleFolders
{
    /// <summary>The rules that a distribution's package brings, below the root.</summary>
    public const string Distribution = "usr/share/spamassassin";

    private const string OfficialChannel = "updates_spamassassin_org.cf";

    private static readonly EnumerationOptions _anyCase = new() { MatchCasing = MatchCasing.CaseInsensitive, IgnoreInaccessible = false };

    /// <summary>The folders of an installed SpamAssassin: rules, then the site's own.</summary>
    /// <param name="root">The folder that the paths begin at.</param>
    public static IReadOnlyList<string> Installed(string root)
    {
        string? rules = Updates(Path.Combine(root, "var/lib/spamassassin"))
            ?? First(root, "usr/local/share/spamassassin", Distribution);
        var site = First(root, "etc/spamassassin", "etc/mail/spamassassin", "usr/local/etc/spamassassin");
        return rules is null ? [] : site is null ? [rules] : [rules, site];
    }

    /// <summary>The .pre files: the site's before those of the rules.</summary>
    public static List<string> Settings(IEnumerable<string> paths) => Find(paths.Reverse(), ".pre");

    public static List<string> Rules(IEnumerable<string> paths) => Find(paths, ".cf");

    // sa-update keeps a folder for each version, and in it CHANNEL.cf, which includes the files of the folder CHANNEL.
    private static string? Updates(string folder) => !Directory.Exists(folder) ? null : Directory.EnumerateDirectories(folder)
        .Where(d => Path.GetFileName(d) is [>= '0' and <= '9', '.', ..] && Find([d], ".cf").Count > 0)
        .Order(StringComparer.Ordinal).LastOrDefault();

    private static string? First(string root, params string[] folders) =>
        folders.Select(f => Path.Combine(root, f)).FirstOrDefault(Directory.Exists);

    private static List<string> Find(IEnumerable<string> paths, string extension) =>
        [.. paths.SelectMany(IEnumerable<string> (path) => File.Exists(path) ? [path]
            : Directory.Exists(path) ? Files(path, extension) : [])
            .Where(file => file.EndsWith(extension, StringComparison.OrdinalIgnoreCase))];

    // The official channel comes first, so that others can change its scores.
    private static IEnumerable<string> Files(string folder, string extension) => Directory.EnumerateFiles(folder, "*" + extension, _anyCase)
        .OrderBy(f => Path.GetFileName(f) == OfficialChannel ? 0 : 1).ThenBy(f => f, StringComparer.Ordinal);
}
