using System.Globalization;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Rules;

/// <summary>
/// All rules and settings of SpamAssassin's rule files, read once and never changed: all threads may use it. Make a
/// <see cref="Scanning.SpamScanner"/> of it to scan with.
/// </summary>
public sealed class RuleSet
{
    private RuleSet(RuleSetBuilder builder, IReadOnlyList<string> files)
    {
        Files = files;
        Diagnostics = [.. builder.Diagnostics];
        NetworkTests = builder.NetworkTests;
        Settings = builder.Settings;
        Rules = builder.Rules;
        Scores = builder.Scores;
        Descriptions = builder.Descriptions;
        Flags = builder.Flags;
        Replacements = builder.Replacements;
        Site = builder.Site;
    }

    /// <summary>Paths of the files that were read, in that order, with what they include.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>
    /// Lines that could not be read. What shows only when rules are compiled is in <see cref="Scanning.SpamScanner.Diagnostics"/>.
    /// </summary>
    public IReadOnlyList<RuleDiagnostic> Diagnostics { get; }

    /// <summary>How many rules there are: sub-rules, rules of 0 points and those that cannot run here included.</summary>
    public int Count => Rules.Count;

    /// <summary>Points at which a message is spam (<c>required_score</c>; 5 where no file says).</summary>
    public double RequiredScore => Settings.RequiredScore;

    /// <summary>
    /// Whether rules about the learner's answer count (<c>use_bayes</c> and <c>use_bayes_rules</c>; yes where no file says).
    /// </summary>
    public bool UsesBayes => Settings.UseBayes && Settings.UseBayesRules;

    /// <summary>Whether the learner may learn (<c>use_bayes</c>).</summary>
    public bool Learns => Settings.UseBayes;

    /// <summary>Whether it may learn from scores (<c>bayes_auto_learn</c>).</summary>
    public bool AutoLearns => Settings.UseBayes && Settings.BayesAutoLearn;

    /// <summary>The set that these are a user's preferences over; null for the set of a site.</summary>
    internal RuleSet? Site { get; }

    internal bool NetworkTests { get; }

    internal SpamSettings Settings { get; }

    /// <summary>In the order of their first lines.</summary>
    internal LayeredDictionary<RuleDefinition> Rules { get; }

    /// <summary>Four scores a rule: plain, with network tests, with Bayes, with both.</summary>
    internal LayeredDictionary<double[]> Scores { get; }

    internal LayeredDictionary<string> Descriptions { get; }

    internal LayeredDictionary<RuleFlags> Flags { get; }

    internal ReplaceTags Replacements { get; }

    /// <summary>
    /// Where an installed SpamAssassin keeps its rules: what sa-update has fetched, from all channels, or else the
    /// distribution's, then the site's
    /// own. Empty where it is not installed.
    /// </summary>
    public static IReadOnlyList<string> InstalledFolders() => RuleFolders.Installed("/");

    /// <summary>The .pre and .cf files that <see cref="Load"/> would read of the folders now, without what they include.</summary>
    /// <param name="folders">As for <see cref="Load"/>; empty: those of <see cref="InstalledFolders"/>.</param>
    public static IReadOnlyList<string> FilesOf(IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        var chosen = folders.Count > 0 ? folders : InstalledFolders();
        return [.. RuleFolders.Settings(chosen), .. RuleFolders.Rules(chosen)];
    }

    /// <summary>
    /// Reads every .pre file of the folders, those of the last folder first, then every .cf file, each folder in the order of its names
    /// (updates_spamassassin_org.cf before other channels). What is neither there nor of these names is passed over. A line that is not
    /// understood is skipped and stands in <see cref="Diagnostics"/>.
    /// </summary>
    /// <param name="folders">Paths of folders or single files.</param>
    /// <param name="options">Null: network tests are off, nothing is added.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static RuleSet Load(IEnumerable<string> folders, RuleSetOptions? options = null)
    {
        options ??= new RuleSetOptions();
        var builder = new RuleSetBuilder(options.NetworkTests);
        var reader = new RuleFileReader(builder);
        var paths = folders.ToList();
        RuleFolders.Settings(paths).ForEach(reader.ReadOnce);
        if (!builder.Plugins.Any)
        {
            builder.Plugins.LoadStandard();
        }

        RuleFolders.Rules(paths).ForEach(reader.ReadOnce);
        return Finish(builder, reader, options, reader.Files);
    }

    /// <summary>The small rule set that ships with this library, for hosts without SpamAssassin's rules.</summary>
    /// <param name="options">As for <see cref="Load"/>.</param>
    public static RuleSet Own(RuleSetOptions? options = null)
    {
        using var resource = typeof(RuleSet).Assembly.GetManifestResourceStream("backstop.cf")!;
        using var reader = new StreamReader(resource);
        return Parse(reader.ReadToEnd(), "backstop.cf", options);
    }

    /// <summary>The rules of the folders; without folders those of an installed SpamAssassin, or else <see cref="Own"/>.</summary>
    /// <param name="folders">As for <see cref="Load"/>; empty: those of <see cref="InstalledFolders"/>.</param>
    /// <param name="options">As for <see cref="Load"/>.</param>
    /// <exception cref="IOException">As for <see cref="Load"/>.</exception>
    public static RuleSet LoadOrOwn(IReadOnlyList<string> folders, RuleSetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folders);
        var chosen = folders.Count > 0 ? folders : InstalledFolders();
        return chosen.Count > 0 ? Load(chosen, options) : Own(options);
    }

    /// <summary>Reads rules from a text, as from a file of that name.</summary>
    /// <param name="text">Lines of a .cf file, ended by LF; the plugins that SpamAssassin loads by default are loaded.</param>
    /// <param name="name">The file's name in <see cref="Diagnostics"/>; <c>include</c> is relative to its folder.</param>
    /// <param name="options">As for <see cref="Load"/>.</param>
    public static RuleSet Parse(string text, string name = "rules", RuleSetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new RuleSetOptions();
        var builder = new RuleSetBuilder(options.NetworkTests);
        builder.Plugins.LoadStandard();
        var reader = new RuleFileReader(builder);
        reader.ReadLines(name, Octets.FromUnicode(text).Split('\n'));
        return Finish(builder, reader, options, [name]);
    }

    /// <summary>
    /// Reads a user's preferences (SpamAssassin's user_prefs) over this set, which stays as it is. Settings for the administrator do not
    /// count, and rules only where this set says <c>allow_user_rules 1</c>: such lines stand in the new set's <see cref="Diagnostics"/>.
    /// Costs as much as the text is long, not as much as this set. Use it with <see cref="Scanning.SpamScanner.For"/>.
    /// </summary>
    /// <param name="text">The octets of the file, lines ended by LF.</param>
    /// <param name="name">The file's name in <see cref="Diagnostics"/>.</param>
    /// <exception cref="InvalidOperationException">This set is a user's itself.</exception>
    public RuleSet WithPreferences(ReadOnlySpan<byte> text, string name = "user_prefs")
    {
        if (Site is not null)
        {
            throw new InvalidOperationException("these are preferences already; read others over the site's set");
        }

        var builder = new RuleSetBuilder(this);
        var lines = Octets.FromBytes(text).Split('\n');
        new RuleFileReader(builder).ReadLines(name, lines);
        if (builder.UnnamedFaults > 0)
        {
            var count = builder.UnnamedFaults.ToString("N0", CultureInfo.InvariantCulture);
            builder.Diagnostics.Add(new(new(name, lines.Length), $"{count} more faults in this file are not named", IsError: true));
        }

        return new RuleSet(builder, [name]);
    }

    private static RuleSet Finish(RuleSetBuilder builder, RuleFileReader reader, RuleSetOptions options, IReadOnlyList<string> files)
    {
        reader.ReadLines("(options)", options.ExtraLines);
        foreach (var host in options.OwnHosts)
        {
            builder.Settings.List("welcomelist_bounce_relays").Add(host);
        }

        var folders = files.Select(f => Path.GetDirectoryName(f) ?? "").Where(f => f.Length > 0).Distinct()
            .Append("/" + RuleFolders.Distribution);
        builder.Settings.Plugins.Load(builder, folders);
        return new RuleSet(builder, files);
    }
}

/// <summary>What a program adds to the rule files.</summary>
public sealed record RuleSetOptions
{
    /// <summary>Rules that ask the network run, with the results that a scan is given; their scores count. Default: false.</summary>
    public bool NetworkTests { get; init; }

    /// <summary>
    /// Names of the hosts through which own mail leaves: a bounce that returns their Received fields is not backscatter
    /// (welcomelist_bounce_relays).
    /// </summary>
    public IReadOnlyList<string> OwnHosts { get; init; } = [];

    /// <summary>Lines of a .cf file that are read behind all files, so they win. Default: none.</summary>
    public IReadOnlyList<string> ExtraLines { get; init; } = [];
}
