using System.Security.Cryptography;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Posix;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Filters;

/// <summary>
/// Reads the preferences of users (<c>spam.user_prefs</c>), and again when a file has changed. A file that cannot be read, or is not a
/// regular file of at most 256 KiB, is skipped with a line in the log: the site's settings count then.
/// </summary>
/// <remarks>
/// The files are others': a link at the end of a path is not followed, a FIFO is not waited for, and in a home only a file of its owner
/// or of root counts, because the server may read what the user may not.
/// </remarks>
internal sealed partial class UserPrefs(BackstopOptions options, TimeProvider time, ILogger log)
{
    /// <summary>The most users whose preferences are kept in memory; a file of usual size takes some kibibytes.</summary>
    public const int MaxKept = 256;

    public const int MaxOctets = 256 << 10;

    /// <summary>The most octets of all files that are kept; in memory a file takes up to some twenty times its size.</summary>
    public const int MaxKeptOctets = 4 << 20;

    private const int MaxLinesLogged = 5;
    private const int MaxLineLogged = 200;
    private const int MaxErrorLogged = 1000;

    // A file changed this short ago may change again without another time: its octets are compared.
    private static readonly TimeSpan _settled = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _betweenLogs = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Kept>> _byPath = new(StringComparer.Ordinal);
    private readonly LinkedList<Kept> _latest = [];
    private readonly Seldom _troubles = new(time);
    private SpamEngine? _engine;
    private long _keptOctets;

    /// <summary>Reads a file's octets, over an engine's rules, and compiles what is the user's own.</summary>
    public Func<byte[], string, SpamEngine, UserRules> Reader { get; init; } = static (text, path, engine) =>
    {
        var rules = new UserRules(engine.Rules.WithPreferences(text, path), engine);
        rules.ScannerFor(engine.LearnerSpeaks);
        return rules;
    };

    /// <summary>How many users' preferences are in memory.</summary>
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

    /// <summary>The path of a user's file; null where there can be none.</summary>
    /// <param name="user">A valid name; it need not belong to anybody.</param>
    /// <param name="owner">The number of the user who must own the file; null for any.</param>
    public string? PathOf(SpamUserName user, out uint? owner)
    {
        owner = null;
        if (options.Spam.UserPrefs.Length == 0 || UserPrefsPath.Of(options.Spam.UserPrefs, user) is not { } path)
        {
            return null;
        }

        if (!UserPrefsPath.IsInHomes(options.Spam.UserPrefs))
        {
            return path;
        }

        if (AccountOf(user) is not { } account || !Path.IsPathRooted(account.Home))
        {
            return null;
        }

        owner = (uint)account.User;
        return Path.Combine(account.Home, path);
    }

    // The local part of an address in a domain received here names an account. An address elsewhere is somebody else's.
    private UserAccount? AccountOf(SpamUserName user) => UserAccount.Find(user.Text)
        ?? (options.Domains.Contains(user.Domain, StringComparer.OrdinalIgnoreCase) ? UserAccount.Find(user.LocalPart) : null);

    /// <summary>The preferences of a user; null where there are none that can be read.</summary>
    /// <param name="user">A valid name; it need not belong to anybody.</param>
    /// <param name="engine">The site's rules.</param>
    public UserRules? Find(SpamUserName user, SpamEngine engine)
    {
        if (PathOf(user, out var owner) is not { } path)
        {
            return null;
        }

        try
        {
            return Read(path, owner, engine);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception error)
        {
            // Every exception is caught: one user's file must not harm the server.
            Say(user, error);
            return null;
        }
    }

    /// <summary>Logs why a user's preferences do not count, once a minute for all users.</summary>
    /// <param name="user">Whose preferences they are.</param>
    /// <param name="error">What failed; its message is logged, shortened.</param>
    public void Say(SpamUserName user, Exception error)
    {
        if (_troubles.Count(out var count))
        {
            LogUnreadable(user.Text, ShownText.Of(error.Message, MaxErrorLogged), count);
        }
    }

    private UserRules Read(string path, uint? owner, SpamEngine engine)
    {
        using var file = RegularFile.Open(path, followLinks: false);
        var status = FileStatus.TryOf(file, out _) ?? throw new IOException($"{path}: its size and owner are not known");
        if (owner is not null && status.User != owner && status.User != 0)
        {
            throw new IOException($"{path}: belongs to another user");
        }

        if (status.Size > MaxOctets)
        {
            throw new IOException($"{path}: larger than {MaxOctets >> 10} KiB");
        }

        var kept = Kept.Of(this, path, engine);
        if (kept is { IsSettled: true } && kept.Status == status)
        {
            return kept.Rules ?? throw Failed(kept);
        }

        var octets = new byte[MaxOctets + 1];
        var length = 0;
        while (RandomAccess.Read(file, octets.AsSpan(length), length) is var read and > 0)
        {
            length += read;
        }

        if (length > MaxOctets)
        {
            throw new IOException($"{path}: larger than {MaxOctets >> 10} KiB");
        }

        var text = octets[..length];
        var hash = SHA256.HashData(text);
        var age = time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(status.ChangedSeconds);
        var isKnown = kept is not null && kept.Hash.AsSpan().SequenceEqual(hash);
        var next = new Kept(path, status, age.Duration() > _settled, hash, isKnown ? kept!.Rules : null, kept?.LoggedAt)
        {
            Octets = length,
            Error = isKnown ? kept!.Error : "",
        };
        if (!isKnown)
        {
            next = Compile(next, text, engine);
        }

        Keep(next, engine);
        return next.Rules ?? throw Failed(next);
    }

    // What fails is not tried again for every message: not before the file or the site's rules have changed.
    private Kept Compile(Kept next, byte[] text, SpamEngine engine)
    {
        try
        {
            next = next with { Rules = Reader(text, next.Path, engine) };
            Say(next);
            return next;
        }
        catch (Exception error)
        {
            return next with { Error = $"{error.GetType().Name}: {error.Message}" };
        }
    }

    private static InvalidOperationException Failed(Kept kept) => new($"{kept.Path}: {kept.Error}");

    private void Keep(Kept kept, SpamEngine engine)
    {
        lock (_gate)
        {
            if (_engine != engine)
            {
                // Each holds the rules that it was read over, which take far more memory.
                _engine = engine;
                _byPath.Clear();
                _latest.Clear();
                _keptOctets = 0;
            }

            if (_byPath.TryGetValue(kept.Path, out var old))
            {
                _latest.Remove(old);
                _keptOctets -= old.Value.Octets;
            }

            _byPath[kept.Path] = _latest.AddFirst(kept);
            _keptOctets += kept.Octets;
            while (_latest.Count > MaxKept || _keptOctets > MaxKeptOctets)
            {
                _keptOctets -= _latest.Last!.Value.Octets;
                _byPath.Remove(_latest.Last.Value.Path);
                _latest.RemoveLast();
            }
        }
    }

    // A user may change the file as often as he likes.
    private void Say(Kept kept)
    {
        var faults = kept.Rules!.Set.Diagnostics.Where(d => d.IsError).ToList();
        if (faults.Count == 0 || (kept.LoggedAt is { } last && time.GetElapsedTime(last) < _betweenLogs))
        {
            return;
        }

        kept.LoggedAt = time.GetTimestamp();
        foreach (var fault in faults.Take(MaxLinesLogged))
        {
            LogLine(ShownText.Of(fault.ToString()[..Math.Min(fault.ToString().Length, MaxLineLogged + kept.Path.Length)]));
        }

        if (faults.Count > MaxLinesLogged)
        {
            LogMore(kept.Path, faults.Count - MaxLinesLogged);
        }
    }

    /// <summary>What was read of one file; no rules where that failed.</summary>
    private sealed record Kept(string Path, FileStatus Status, bool IsSettled, byte[] Hash, UserRules? Rules, long? LoggedAt)
    {
        /// <summary>The length of the file.</summary>
        public int Octets { get; init; }

        /// <summary>Why reading failed; empty where it did not.</summary>
        public string Error { get; init; } = "";

        /// <summary>When faults of the file were last logged; null: never.</summary>
        public long? LoggedAt { get; set; } = LoggedAt;

        /// <summary>Returns what was read of a file over these rules, and marks it as used last; null if nothing was.</summary>
        public static Kept? Of(UserPrefs all, string path, SpamEngine engine)
        {
            lock (all._gate)
            {
                if (all._engine != engine || !all._byPath.TryGetValue(path, out var node))
                {
                    return null;
                }

                all._latest.Remove(node);
                all._latest.AddFirst(node);
                return node.Value;
            }
        }
    }

    [LoggerMessage(
        6301, LogLevel.Warning, "user preferences of {User} are passed over: {Error}; scored by the site's settings ({Count} times)")]
    private partial void LogUnreadable(string user, string error, long count);

    [LoggerMessage(6302, LogLevel.Warning, "user preferences: {Fault}")]
    private partial void LogLine(string fault);

    [LoggerMessage(6303, LogLevel.Warning, "user preferences: {Path}: and {Count} more lines that do not count; see scan --user")]
    private partial void LogMore(string path, int count);
}
