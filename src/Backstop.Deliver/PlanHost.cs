using Backstop.Mailboxes;
using Backstop.Mailboxes.Local;
using Backstop.Posix;
using Backstop.Recipes.Running;

namespace Backstop.Deliver;

/// <summary>A copy that recipes deliver to a folder.</summary>
/// <param name="Folder">The Maildir or mbox.</param>
/// <param name="Content">The message, without a separator line.</param>
internal sealed record PlannedCopy(FolderRef Folder, ReadOnlyMemory<byte> Content);

/// <summary>What a server decides for the recipes it runs.</summary>
internal sealed record PlanSettings
{
    /// <summary>The user the server runs as: only its rcfiles, and root's, are read.</summary>
    public static int OwnUser => Libc.EffectiveUser();

    /// <summary>This host's name.</summary>
    public required string HostName { get; init; }

    /// <summary>Returns the outcome of a program without running it; null runs it.</summary>
    public Func<ProgramCall, ProgramOutcome?>? Instead { get; init; }

    /// <summary>Told when a wait for a program or a lock begins (true) and ends (false): meanwhile a thread does nothing.</summary>
    public Action<bool>? Running { get; init; }

    /// <summary>Takes log lines while the recipes name no LOGFILE.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>Whether a sender may be answered.</summary>
    public required Func<string, bool> MayReply { get; init; }

    /// <summary>Whether a sender was answered already.</summary>
    public Func<string, bool> WasAnswered { get; init; } = static _ => false;

    /// <summary>Whether the mailbox may send another mail on now.</summary>
    public Func<bool> MayForward { get; init; } = static () => true;

    /// <summary>Told of each mail that is sent on.</summary>
    public Action? Forwarding { get; init; }
}

/// <summary>
/// What recipes act on in a server: programs run, but copies for Maildirs and mboxes are only written down, for whoever writes them
/// in batches and tries again. A folder that plainly cannot be written fails at once, so that the recipes go on as they would.
/// </summary>
/// <param name="settings">What the server decides: reply and forward limits, log, programs it replaces.</param>
/// <param name="time">The clock.</param>
internal sealed class PlanHost(PlanSettings settings, TimeProvider time) : RecipeHost(
    settings.HostName, LockOwner.Make(), time, signals: null)
{
    private const int Writable = 2;

    private readonly List<PlannedCopy> _plan = [];
    private bool _hasActed;

    /// <summary>The copies to deliver, in the order of the recipes.</summary>
    public IReadOnlyList<PlannedCopy> Plan => _plan;

    /// <inheritdoc/>
    public override bool HasActed => _hasActed;

    /// <inheritdoc/>
    public override bool IsRepeatable(ProgramCall program)
    {
        ArgumentNullException.ThrowIfNull(program);
        return program.Arguments.Count == 0 || settings.Instead?.Invoke(program) is not null;
    }

    /// <inheritdoc/>
    public override bool IsRepeatable(FolderCall delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var kind = LocalFolders.KindOf(PathOf(delivery));
        return kind == LocalFolders.Kind.Nowhere || IsPlanned(delivery, kind);
    }

    /// <inheritdoc/>
    public override ProgramOutcome Run(ProgramCall program)
    {
        ArgumentNullException.ThrowIfNull(program);

        // A server has no standard output to deliver to. It waits for every program it starts: what nobody waits for would pile up.
        return program.Arguments.Count == 0 ? new(1, default, TookAll: false, TimedOut: false)
            : settings.Instead?.Invoke(program) ?? Noted(() => Act(program with { Waits = true }));
    }

    /// <inheritdoc/>
    public override IDisposable? Lock(LockCall lockfile) => Noted(() => base.Lock(lockfile));

    /// <inheritdoc/>
    public override FolderOutcome Deliver(FolderCall delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var name = delivery.Names[0];
        var path = PathOf(delivery);
        var kind = LocalFolders.KindOf(path);
        var mail = new LocalMail(delivery.Mail.Content, delivery.Mail.HasHeader, delivery.Mail.IsRaw);
        if (kind == LocalFolders.Kind.Nowhere)
        {
            return new(name, mail.Whole.Length, null);
        }

        try
        {
            return IsRoot(path) ? new(name, 0, "the root directory is not a mail folder")
                : IsPlanned(delivery, kind) ? Planned(name, path, kind, delivery.Mail.HasHeader, mail)
                : Noted(() => AtOnce(delivery, mail));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whatever a variable has made of a folder's name, the message goes on to the next recipe.
            return new(name.TrimEnd('/'), 0, NativeText.Octets(error.Message));
        }
    }

    /// <inheritdoc/>
    public override RcFileText? ReadRcFile(string path, RcFileText? known)
    {
        var problem = RcFileReader.TryReadAgain(path, PlanSettings.OwnUser, known, out var text);
        if (problem != RcFileReader.Problem.None)
        {
            settings.Log(problem == RcFileReader.Problem.Suspicious
                ? $"{path}: not read, because another user owns it or may write it; chown it to the server's user and chmod go-w"
                : $"{path}: cannot be read");
        }

        return text;
    }

    /// <inheritdoc/>
    public override void Log(string text)
    {
        if (HasLogFile)
        {
            base.Log(text);
        }
        else
        {
            settings.Log(text.TrimEnd('\n'));
        }
    }

    /// <inheritdoc/>
    public override bool MayReply(string sender) => settings.MayReply(sender);

    /// <inheritdoc/>
    public override bool WasAnswered(string sender) => settings.WasAnswered(sender);

    /// <inheritdoc/>
    public override bool MayForward() => settings.MayForward();

    /// <inheritdoc/>
    public override void NoteForward()
    {
        _hasActed = true;
        settings.Forwarding?.Invoke();
    }

    // With a lockfile in hand the write belongs under it; and folders of other kinds have no queue.
    private bool IsPlanned(FolderCall delivery, LocalFolders.Kind kind) =>
        !HoldsLock && delivery.Names.Count == 1 && kind is (LocalFolders.Kind.Maildir or LocalFolders.Kind.Mbox);

    private ProgramOutcome Act(ProgramCall program)
    {
        _hasActed = true;
        return base.Run(program);
    }

    private T Noted<T>(Func<T> wait)
    {
        settings.Running?.Invoke(true);
        try
        {
            return wait();
        }
        finally
        {
            settings.Running?.Invoke(false);
        }
    }

    private FolderOutcome Planned(string name, string path, LocalFolders.Kind kind, bool hasHeader, LocalMail mail)
    {
        var target = Path.GetFullPath(path.TrimEnd('/'));
        if (WhyNot(target, kind) is { } reason)
        {
            return new(name.TrimEnd('/'), 0, reason);
        }

        var separator = hasHeader ? new RecipeMessage(mail.Whole).FromLineLength : 0;
        _plan.Add(new(
            new(kind == LocalFolders.Kind.Maildir ? FolderFormat.Maildir : FolderFormat.Mbox, target, FolderRef.Inbox),
            mail.Whole[separator..]));
        return new(name, mail.Whole.Length - separator, null);
    }

    private FolderOutcome AtOnce(FolderCall delivery, LocalMail mail)
    {
        var copy = new LocalFolders(HostName, Owner, Time).Deliver(
            [.. delivery.Names.Select(NativeText.Path)], NativeText.Path(delivery.Directory), mail, new()
            {
                Umask = delivery.Umask,
                MessagePrefix = NativeText.Path(delivery.MessagePrefix),
                LocksMbox = true,
                AddsFromLine = true,
                StaleLock = delivery.Locks.Stale,
            });
        _hasActed = true;
        LogMissed(copy);
        return new(NativeText.Octets(copy.Name), copy.Size, null);
    }

    // "$A/$B/" with neither set: no recipe means the root, and a server that root runs could write there.
    private static bool IsRoot(string path) => Path.GetFullPath(path) == "/";

    private static string PathOf(FolderCall delivery) =>
        LocalFolders.Resolve(NativeText.Path(delivery.Names[0]), NativeText.Path(delivery.Directory));

    private static string? WhyNot(string target, LocalFolders.Kind kind)
    {
        var isThere = kind == LocalFolders.Kind.Maildir ? Directory.Exists(target) : File.Exists(target);
        var mustBeWritable = isThere ? target : Path.GetDirectoryName(target)!;
        return !Path.Exists(mustBeWritable) ? $"{mustBeWritable} does not exist"
            : Libc.Access(ref NativeText.From(NativeText.Octets(mustBeWritable))[0], Writable) != 0 ? $"{mustBeWritable} cannot be written"
            : null;
    }
}
