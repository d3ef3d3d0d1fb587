using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Filters;

/// <summary>
/// The learners' databases of users and domains. At most <c>spam.open_learners</c> are open at once; the one that was unused for
/// longest is closed for another. A damaged one is set aside as the site's is.
/// </summary>
/// <param name="options">The data folder and the limit.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of stores that fail.</param>
/// <param name="mayThrow">For the command line: an unusable database is an error.</param>
internal sealed partial class UserLearners(BackstopOptions options, TimeProvider time, ILogger log, bool mayThrow = false) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Open>> _byName = new(StringComparer.Ordinal);
    private readonly LinkedList<Open> _latest = [];

    /// <summary>
    /// The most files, open or not; each takes a few kibibytes to some mebibytes. The mailboxes of the configuration come on top.
    /// </summary>
    public int MaxFiles { get; init; } = 10_000;

    /// <summary>How many are open.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _latest.Count;
            }
        }
    }

    /// <summary>The database of a user or, with an <c>@</c> in front, a domain.</summary>
    /// <param name="name">A <see cref="SpamUserName"/>, or the domain of one behind an <c>@</c>.</param>
    public string PathOf(string name) => Path.Combine(DataPaths.UserBayes(options), name.ToLowerInvariant() + ".db");

    /// <summary>Whether there is a database.</summary>
    /// <param name="name">As for <see cref="PathOf"/>.</param>
    public bool Exists(string name) => File.Exists(PathOf(name));

    /// <summary>Opens a database, or takes one that is open; it stays so until the lease is disposed of.</summary>
    /// <param name="name">As for <see cref="PathOf"/>.</param>
    /// <param name="creates">Whether one that is missing is made.</param>
    /// <returns>Null where it is missing.</returns>
    /// <exception cref="IOException">It cannot be opened, or there are <see cref="MaxFiles"/> and it is missing.</exception>
    public Lease? Rent(string name, bool creates)
    {
        var path = PathOf(name);
        Open open;
        lock (_gate)
        {
            if (_byName.TryGetValue(path, out var node))
            {
                _latest.Remove(node);
                _latest.AddFirst(node);
            }
            else if (!creates && !File.Exists(path))
            {
                return null;
            }
            else
            {
                CheckRoom(path);
                _byName[path] = node = _latest.AddFirst(new Open(path, new(() => Make(path))));
                CloseUnused();
            }

            open = node.Value;
            open.Users++;
        }

        try
        {
            // Not under the lock: a large one takes a tenth of a second to read.
            open.Store.Value.Check();
            return new(this, open);
        }
        catch
        {
            Return(open, isBroken: true);
            throw;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var open in _latest.Where(o => o.Store.IsValueCreated))
            {
                open.Store.Value.Dispose();
            }

            _latest.Clear();
            _byName.Clear();
        }
    }

    private void CheckRoom(string path)
    {
        var (folder, most) = (Path.GetDirectoryName(path)!, MaxFiles + options.Mailboxes.Count);
        if (!File.Exists(path) && Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.db").Take(most).Count() == most)
        {
            throw new IOException($"{path}: not made, there are {most} learners already; remove some, or list fewer in spam.users");
        }
    }

    private BayesStore Make(string path)
    {
        if (!mayThrow)
        {
            return new(path, time, new(StoreNames.Bayes, path, time) { Changed = Say });
        }

        RefuseEmpty(path);
        DataFolder.MakeFile(path);
        return new(path, time);
    }

    /// <summary>
    /// SQLite takes an empty file for a new database, and nobody would notice that what was learned is gone: the server sets it aside.
    /// </summary>
    /// <exception cref="StoreException">The file is there and empty.</exception>
    public static void RefuseEmpty(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0 })
        {
            throw new StoreException(path, StoreFault.Damaged, "the file is empty", null);
        }
    }

    // If all are in use, more are open for a while, but no more than messages are scanned at once.
    private void CloseUnused()
    {
        for (var node = _latest.Last; node is not null && _latest.Count > options.Spam.OpenLearners;)
        {
            var (open, before) = (node.Value, node.Previous);
            if (open.Users == 0 && node != _latest.First)
            {
                _latest.Remove(node);
                _byName.Remove(open.Path);
                open.Store.Value.Dispose();
            }

            node = before;
        }
    }

    private void Return(Open open, bool isBroken)
    {
        lock (_gate)
        {
            open.Users--;
            if (isBroken && _byName.TryGetValue(open.Path, out var node) && node.Value == open)
            {
                _latest.Remove(node);
                _byName.Remove(open.Path);
            }
        }
    }

    private void Say(StoreState state)
    {
        if (state.Fault is not null)
        {
            LogFails(state.Path, state.Error);
        }
        else if (state.Error.Length > 0)
        {
            LogSetAside(state.Path, state.Error, state.SetAside);
        }
        else
        {
            LogWorks(state.Path);
        }
    }

    /// <summary>A database that stays open until this is disposed of.</summary>
    internal sealed class Lease : IDisposable
    {
        private readonly UserLearners _all;
        private readonly Open _open;

        internal Lease(UserLearners all, Open open) => (_all, _open) = (all, open);

        public BayesStore Store => _open.Store.Value;

        public void Dispose() => _all.Return(_open, isBroken: false);
    }

    /// <summary>An open database.</summary>
    internal sealed class Open(string path, Lazy<BayesStore> store)
    {
        public string Path => path;

        public Lazy<BayesStore> Store => store;

        /// <summary>How many leases there are. Guarded by the lock.</summary>
        public int Users { get; set; }
    }

    [LoggerMessage(6304, LogLevel.Error, "learner {Path} cannot be used: {Error}; mail is scored without it, and it is tried again")]
    private partial void LogFails(string path, string error);

    [LoggerMessage(6305, LogLevel.Critical, "learner {Path} was damaged ({Error}) and set aside as {Aside}; a new one was begun")]
    private partial void LogSetAside(string path, string error, string? aside);

    [LoggerMessage(6306, LogLevel.Information, "learner {Path} works again")]
    private partial void LogWorks(string path);
}
