using Backstop.Mailboxes.Local;
using Backstop.Mailboxes.Locks;
using Backstop.Posix;
using Backstop.Posix.Programs;
using Backstop.Recipes.Running;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Deliver;

/// <summary>
/// Gives recipes this host's programs, lockfiles, rcfiles and log. Derived classes deliver to folders.
/// </summary>
internal abstract class RecipeHost : IRecipeHost, IDisposable
{
    private readonly ProgramRunner _programs;
    private readonly List<DotLock> _held = [];
    private readonly AgentLog _log = new();
    private readonly Lazy<SafeFileHandle> _nowhere = new(() =>
        Libc.Open(ref NativeText.From("/dev/null")[0], Libc.WriteOnly | Libc.CloseOnExec, 0));

    private protected RecipeHost(string hostName, string owner, TimeProvider time, AgentSignals? signals)
    {
        HostName = hostName;
        Owner = owner;
        Time = time;
        Signals = signals;
        _programs = new(time) { Beat = () => _held.ForEach(h => h.Refresh()), Stopping = Stopping };
    }

    /// <inheritdoc/>
    public string HostName { get; }

    /// <summary>The name that begins each line of the log.</summary>
    public string LogName { get; init; } = "backstop";

    /// <summary>The mark written into lockfiles, by which this process knows its own.</summary>
    private protected string Owner { get; }

    private protected TimeProvider Time { get; }

    /// <summary>The signals that end a delivery; null in a server.</summary>
    private protected AgentSignals? Signals { get; }

    private protected CancellationToken Stopping => Signals?.Asked ?? CancellationToken.None;

    /// <summary>Whether a lockfile of a recipe is held.</summary>
    private protected bool HoldsLock => _held.Count > 0;

    /// <inheritdoc/>
    public virtual ProgramOutcome Run(ProgramCall program)
    {
        ArgumentNullException.ThrowIfNull(program);
        Signals?.Listen();
        try
        {
            if (!program.Waits)
            {
                return new(null, default, _programs.Feed(CommandOf(program, (int)_nowhere.Value.DangerousGetHandle())), TimedOut: false);
            }

            var end = _programs.Run(CommandOf(program, OutputOf(program)));
            return new(end.Status, end.Output, end.TookAll, end.TimedOut);
        }
        catch (IOException error)
        {
            Log($"{LogName}: {NativeText.Octets(error.Message)}\n");
            return new(127, default, TookAll: false, TimedOut: false);
        }
    }

    /// <inheritdoc/>
    public abstract FolderOutcome Deliver(FolderCall delivery);

    /// <inheritdoc/>
    public virtual IDisposable? Lock(LockCall lockfile)
    {
        ArgumentNullException.ThrowIfNull(lockfile);
        Signals?.Listen();
        var path = NativeText.Path(lockfile.Path);
        var taken = new DotLock(path, Owner, lockfile.Times.Stale, Time);
        try
        {
            LockWaiter.Take(path, isDotLockOnly: true, () => taken.TryTake() ? taken : null, Stopping);
        }
        catch (IOException)
        {
            return null;
        }

        if (taken.HasBroken)
        {
            Log($"{LogName}: Forcing lock on \"{lockfile.Name}\"\n");
        }

        _held.Add(taken);
        return new Holding(this, taken);
    }

    /// <inheritdoc/>
    public abstract RcFileText? ReadRcFile(string path, RcFileText? known);

    /// <inheritdoc/>
    public bool CanEnter(string path) => Directory.Exists(NativeText.Path(path)) && Libc.Access(ref NativeText.From(path)[0], 1) == 0;

    /// <inheritdoc/>
    public void OpenLog(string path)
    {
        if (_log.Open(path, 0b000_111_111) is { } error)
        {
            Log($"{LogName}: Couldn't open \"{path}\": {error}\n");
        }
    }

    /// <inheritdoc/>
    public virtual void Log(string text) => _log.Write(text);

    /// <inheritdoc/>
    public void Pause(TimeSpan duration)
    {
        Signals?.Listen();
        Stopping.WaitHandle.WaitOne(duration);
        Stopping.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public abstract bool MayReply(string sender);

    /// <inheritdoc/>
    public virtual bool WasAnswered(string sender) => false;

    /// <inheritdoc/>
    public virtual bool MayForward() => true;

    /// <inheritdoc/>
    public virtual void NoteForward()
    {
    }

    /// <inheritdoc/>
    public virtual bool HasActed => false;

    /// <inheritdoc/>
    public virtual bool IsRepeatable(ProgramCall program) => false;

    /// <inheritdoc/>
    public virtual bool IsRepeatable(FolderCall delivery) => false;

    /// <summary>Releases locks and files.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases locks and files.</summary>
    /// <param name="disposing">Whether Dispose was called.</param>
    protected virtual void Dispose(bool disposing)
    {
        _held.ForEach(h => h.Release());
        _held.Clear();
        _log.Dispose();
        if (_nowhere.IsValueCreated)
        {
            _nowhere.Value.Dispose();
        }
    }

    private protected void LogMissed(LocalCopy copy)
    {
        foreach (var missed in copy.Missed)
        {
            Log($"{LogName}: Couldn't make link: {NativeText.Octets(missed)}\n");
        }
    }

    /// <summary>Whether the recipes have set LOGFILE.</summary>
    private protected bool HasLogFile => _log.IsFile;

    private ProgramCommand CommandOf(ProgramCall program, int? output) => new(program.Arguments, program.Environment, program.Directory)
    {
        Input = program.Input,
        Output = output,
        Errors = _log.File,
        Limit = program.TimeLimit,
        FallsBackToShell = true,
    };

    private int? OutputOf(ProgramCall program) => program.Output switch
    {
        ProgramOutput.Wanted => null,
        ProgramOutput.Logged => _log.File,
        _ => (int)_nowhere.Value.DangerousGetHandle(),
    };

    private sealed class Holding(RecipeHost host, DotLock held) : IDisposable
    {
        public void Dispose()
        {
            held.Release();
            host._held.Remove(held);
        }
    }
}
