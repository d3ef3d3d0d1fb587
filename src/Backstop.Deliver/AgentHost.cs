using System.Runtime.CompilerServices;
using Backstop.Deliver.Posix;
using Backstop.Deliver.Programs;
using Backstop.Mailboxes.Local;
using Backstop.Mailboxes.Locks;
using Backstop.Recipes.Running;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Deliver;

/// <summary>What recipes act on when they are run for one message at once: this host's programs, folders and locks.</summary>
internal sealed class AgentHost : IRecipeHost, IDisposable
{
    private readonly AgentArguments _arguments;
    private readonly UserAccount _account;
    private readonly TimeProvider _time;
    private readonly ProgramRunner _programs;
    private readonly LocalFolders _folders;
    private readonly List<DotLock> _held = [];
    private readonly AgentLog _log = new();
    private readonly Lazy<SafeFileHandle> _nowhere = new(() => Native.Open(ref NativeText.From("/dev/null")[0], 1 | Native.CloseOnExec, 0));
    private readonly string _owner;

    public AgentHost(AgentArguments arguments, UserAccount account, string hostName, TimeProvider time)
    {
        _arguments = arguments;
        _account = account;
        _time = time;
        HostName = hostName;

        // A lock's content is its owner's name, at most 16 octets. The number of a process may come again; this does not.
        _owner = $"{Environment.ProcessId}.{Random.Shared.Next():x8}";
        _owner = _owner[..Math.Min(_owner.Length, 16)];
        _folders = new(hostName, _owner, time);
        _programs = new(time) { Beat = () => _held.ForEach(h => h.Refresh()) };
    }

    public string HostName { get; }

    /// <summary>The rcfile that nobody named.</summary>
    public string? DefaultRcFile { get; init; }

    /// <summary>Called before anything that may take long.</summary>
    public Action? Waiting { get; set; }

    /// <summary>What messages begin with.</summary>
    public string LogName { get; init; } = "";

    public ProgramOutcome Run(ProgramCall program)
    {
        if (program.Arguments.Count == 0)
        {
            return ToStandardOutput(program);
        }

        Waiting?.Invoke();
        var umask = Native.SetUmask(program.Umask);
        try
        {
            if (!program.Waits)
            {
                var tookAll = _programs.Feed(program.Arguments, program.Environment, program.Directory, program.Input, (int)_nowhere.Value.DangerousGetHandle(), _log.File, program.TimeLimit);
                return new(null, default, tookAll, TimedOut: false);
            }

            var end = _programs.Run(
                program.Arguments, program.Environment, program.Directory, program.Input, OutputOf(program), _log.File, program.TimeLimit);
            return new(end.Status, end.Output, end.TookAll, end.TimedOut);
        }
        catch (IOException error)
        {
            Log($"{LogName}: {error.Message}\n");
            return new(127, default, TookAll: false, TimedOut: false);
        }
        finally
        {
            _ = Native.SetUmask(umask);
        }
    }

    public FolderOutcome Deliver(FolderCall delivery)
    {
        var umask = Native.SetUmask(delivery.Umask);
        try
        {
            var mail = new LocalMail(delivery.Content, delivery.HasHeader, delivery.IsRaw);
            var first = delivery.Names[0].StartsWith('/') ? delivery.Names[0] : $"{delivery.Directory}/{delivery.Names[0]}";
            var kind = LocalFolders.KindOf(first);
            var names = kind is LocalFolders.Kind.Mbox or LocalFolders.Kind.Nowhere ? delivery.Names.Take(1).ToList() : delivery.Names;
            foreach (var skipped in delivery.Names.Skip(names.Count))
            {
                Log($"{LogName}: Skipped \"{skipped}\"\n");
            }

            var copy = _folders.Deliver(names, delivery.Directory, mail, new()
            {
                Umask = delivery.Umask,
                MessagePrefix = delivery.MessagePrefix,
                LocksMbox = delivery.LocksMbox && !_arguments.IsStrict,
                AddsFromLine = !_arguments.IsStrict,
                HasShortNames = _arguments.IsStrict,
                IgnoresContentLength = _arguments.IgnoresContentLength,
                StaleLock = delivery.Locks.Stale,
            });
            return new(copy.Name, copy.Size, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var name = delivery.Names[0];
            return new(name.EndsWith('/') ? name.TrimEnd('/') : name, 0, error.Message);
        }
        finally
        {
            _ = Native.SetUmask(umask);
        }
    }

    public IDisposable? Lock(LockCall lockfile)
    {
        Waiting?.Invoke();
        var taken = new DotLock(lockfile.Path, _owner, lockfile.Times.Stale, _time);
        try
        {
            LockWaiter.Take(lockfile.Path, isDotLockOnly: true, () => taken.TryTake() ? taken : null, _time);
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

    public string? ReadRcFile(string path)
    {
        switch (RcFileReader.TryRead(path, _account.User, path == DefaultRcFile, out var text))
        {
            case RcFileReader.Problem.None:
                return text;
            case RcFileReader.Problem.Suspicious:
                Log($"{LogName}: Suspicious rcfile \"{path}\"\n");
                return null;
            default:
                return null;
        }
    }

    public bool CanEnter(string path) => Directory.Exists(path) && Native.Access(ref NativeText.From(path)[0], 1) == 0;

    public void OpenLog(string path)
    {
        if (_log.Open(path, 0b000_111_111) is { } error)
        {
            Log($"{LogName}: Couldn't open \"{path}\": {error}\n");
        }
    }

    public void Log(string text) => _log.Write(text);

    public void Pause(TimeSpan duration) => _ = Native.Poll(ref Unsafe.NullRef<Native.PollEntry>(), 0, (int)duration.TotalMilliseconds);

    public bool MayReply(string sender) => new ReplyMemory(Path.Combine(_account.Home, ".backstop-replies"), _time).MayReply(sender);

    /// <summary>Gives back what is held.</summary>
    public void Dispose()
    {
        _held.ForEach(h => h.Release());
        _held.Clear();
        _log.Dispose();
        if (_nowhere.IsValueCreated)
        {
            _nowhere.Value.Dispose();
        }
    }

    private int? OutputOf(ProgramCall program) => program.Output switch
    {
        ProgramOutput.Wanted => null,
        ProgramOutput.Logged => _log.File,
        _ => (int)_nowhere.Value.DangerousGetHandle(),
    };

    private static ProgramOutcome ToStandardOutput(ProgramCall program)
    {
        foreach (var piece in program.Input)
        {
            var bytes = piece.ToArray();
            for (var at = 0; at < bytes.Length;)
            {
                var written = Native.Write(1, ref bytes[at], bytes.Length - at);
                if (written < 0)
                {
                    return new(1, default, TookAll: false, TimedOut: false);
                }

                at += (int)written;
            }
        }

        return new(0, default, TookAll: true, TimedOut: false);
    }

    private sealed class Holding(AgentHost host, DotLock held) : IDisposable
    {
        public void Dispose()
        {
            held.Release();
            host._held.Remove(held);
        }
    }
}
