namespace Backstop.Mailboxes.Local;

/// <summary>
/// Delivers to folders named as in procmail: <c>file</c> (mbox), <c>directory</c>, <c>maildir/</c>, <c>mh/.</c>,
/// <c>/dev/null</c>. A delivered message is on the disk when the call returns.
/// </summary>
/// <param name="host">The host's name, for file names.</param>
/// <param name="owner">The text written into dot-locks: at most 16 octets, unique to this process.</param>
/// <param name="time">The clock.</param>
public sealed class LocalFolders(string host, string owner, TimeProvider time)
{
    private readonly LocalMbox _mbox = new(owner, time);
    private readonly LocalDirectory _directory = new(host, time);

    /// <summary>The kinds of folders.</summary>
    public enum Kind
    {
        /// <summary>Nothing is written.</summary>
        Nowhere,

        /// <summary>An mbox file.</summary>
        Mbox,

        /// <summary>Files in a plain directory.</summary>
        Directory,

        /// <summary>A Maildir.</summary>
        Maildir,

        /// <summary>Numbered files.</summary>
        Mh,
    }

    /// <summary>Delivers to one folder, or to several directories, which get links to the first copy.</summary>
    /// <param name="names">The folders.</param>
    /// <param name="directory">The directory that relative names refer to.</param>
    /// <param name="mail">The message.</param>
    /// <param name="rules">How folders are locked and written.</param>
    /// <param name="stopping">Cancels the wait for another program's lock; a delivery that has begun is
    /// finished.</param>
    /// <exception cref="IOException">Nothing was written.</exception>
    /// <exception cref="OperationCanceledException">Nothing was written.</exception>
    public LocalCopy Deliver(
        IReadOnlyList<string> names, string directory, LocalMail mail, LocalRules rules, CancellationToken stopping = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(rules);
        var first = Resolve(names[0], directory);
        switch (KindOf(first))
        {
            case Kind.Nowhere:
                return new(names[0], mail.Whole.Length, 1);
            case Kind.Mbox:
                return new(names[0].TrimEnd('/'), _mbox.Append(first.TrimEnd('/'), mail, rules, stopping), 1);
            case var kind:
                return DeliverToDirectories(names, directory, kind, mail, rules);
        }
    }

    /// <summary>Returns the kind of folder that a path names.</summary>
    /// <param name="path">An absolute path.</param>
    public static Kind KindOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path == "/dev/null" ? Kind.Nowhere
            : path == "/" ? Kind.Directory
            : path.EndsWith("/.", StringComparison.Ordinal) ? Kind.Mh
            : path.EndsWith('/') ? File.Exists(path.TrimEnd('/')) ? Kind.Mbox : Kind.Maildir
            : Directory.Exists(path) ? Kind.Directory
            : Kind.Mbox;
    }

    private LocalCopy DeliverToDirectories(IReadOnlyList<string> names, string directory, Kind kind, LocalMail mail, LocalRules rules)
    {
        var content = LocalText.ForDirectory(mail, kind);
        var written = _directory.Write(names[0], Resolve(names[0], directory), kind, content, rules);
        var shown = new List<string> { written.Name };
        var missed = new List<string>();
        foreach (var name in names.Skip(1))
        {
            var path = Resolve(name, directory);

            // Behind a directory only directories may follow: one that does not exist is created.
            var other = KindOf(path) is Kind.Mbox && !File.Exists(path.TrimEnd('/')) ? Kind.Directory : KindOf(path);
            if (other is Kind.Directory or Kind.Maildir or Kind.Mh)
            {
                AddCopy(() => _directory.Put(name, path, other, written.Path, content, rules).Name, shown, missed);
            }
        }

        return new(string.Join(' ', shown), content.Length, names.Count) { Missed = missed };
    }

    // The first copy is final. If a failure of the second were reported as a failure, the mail would be filed elsewhere
    // too.
    private static void AddCopy(Func<string> put, List<string> shown, List<string> missed)
    {
        try
        {
            shown.Add(put());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            missed.Add(error.Message);
        }
    }

    /// <summary>The absolute path of a folder.</summary>
    /// <param name="name">The folder as a recipe names it.</param>
    /// <param name="directory">The directory that relative names refer to.</param>
    public static string Resolve(string name, string directory)
    {
        ArgumentNullException.ThrowIfNull(name);

        // A dot alone is the directory itself, and not the sign of an MH folder.
        return name.StartsWith('/') ? name : name == "." ? directory : $"{directory}/{name}";
    }
}
