using Backstop.Mailboxes.Local;
using Backstop.Posix;
using Backstop.Recipes.Running;

namespace Backstop.Deliver;

/// <summary>Carries out recipes for one message at once: folders are written before the call returns.</summary>
internal sealed class AgentHost : RecipeHost
{
    private readonly AgentArguments _arguments;
    private readonly UserAccount _account;
    private readonly LocalFolders _folders;

    public AgentHost(AgentArguments arguments, UserAccount account, string hostName, AgentSignals signals, TimeProvider time)
        : base(hostName, LockOwner.Make(), time, signals)
    {
        _arguments = arguments;
        _account = account;
        _folders = new(hostName, Owner, time);
    }

    /// <summary>HOME when the recipes began: who was answered is remembered there.</summary>
    public required string Home { get; init; }

    /// <summary>The user's default rcfile, if no rcfile was named; its group may not write it.</summary>
    public string? DefaultRcFile { get; init; }

    public override ProgramOutcome Run(ProgramCall program)
    {
        if (program.Arguments.Count == 0)
        {
            return ToStandardOutput(program);
        }

        var umask = Libc.SetUmask(program.Umask);
        try
        {
            return base.Run(program);
        }
        finally
        {
            _ = Libc.SetUmask(umask);
        }
    }

    public override FolderOutcome Deliver(FolderCall delivery)
    {
        // A copy in an mbox that ends in its middle hurts the next one; other folders show a mail when it is whole.
        var path = LocalFolders.Resolve(NativeText.Path(delivery.Names[0]), NativeText.Path(delivery.Directory));
        var kind = LocalFolders.KindOf(path);
        if (kind is LocalFolders.Kind.Mbox or LocalFolders.Kind.Nowhere && delivery.Names.Count > 1)
        {
            Log($"{LogName}: Skipped \"{string.Join(' ', delivery.Names.Skip(1))}\"\n");
        }

        if (kind is LocalFolders.Kind.Mbox)
        {
            Signals?.Listen();
        }

        var umask = Libc.SetUmask(delivery.Umask);
        try
        {
            var mail = new LocalMail(delivery.Mail.Content, delivery.Mail.HasHeader, delivery.Mail.IsRaw);
            var copy = _folders.Deliver([.. delivery.Names.Select(NativeText.Path)], NativeText.Path(delivery.Directory), mail, new()
            {
                Umask = delivery.Umask,
                MessagePrefix = NativeText.Path(delivery.MessagePrefix),
                LocksMbox = delivery.LocksMbox && !_arguments.IsStrict,
                AddsFromLine = !_arguments.IsStrict,
                HasShortNames = _arguments.IsStrict,
                IgnoresContentLength = _arguments.IgnoresContentLength,
                StaleLock = delivery.Locks.Stale,
            }, Stopping);
            LogMissed(copy);
            return new(NativeText.Octets(copy.Name), copy.Size, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whatever a variable has made of a folder's name, the message goes on to the next recipe.
            var name = delivery.Names[0];
            name = (kind is LocalFolders.Kind.Mh ? name[..^1] : name).TrimEnd('/');
            if (_arguments.IsStrict && kind is LocalFolders.Kind.Maildir or LocalFolders.Kind.Mh && !Directory.Exists(path))
            {
                Log($"{LogName}: Unable to treat as directory \"{name}\"\n");
            }

            return new(name, 0, NativeText.Octets(error.Message));
        }
        finally
        {
            _ = Libc.SetUmask(umask);
        }
    }

    public override RcFileText? ReadRcFile(string path, RcFileText? known)
    {
        var problem = RcFileReader.TryRead(path, _account.User, path == DefaultRcFile, out var text);
        if (problem == RcFileReader.Problem.Suspicious)
        {
            Log($"{LogName}: Suspicious rcfile \"{path}\"\n");
        }

        return problem == RcFileReader.Problem.None ? new(text) : null;
    }

    public override bool MayReply(string sender) => Memory.MayReply(sender);

    public override bool WasAnswered(string sender) => Memory.WasAnswered(sender);

    private ReplyMemory Memory => new(NativeText.Path($"{Home}/.backstop-replies"), Time);

    private static ProgramOutcome ToStandardOutput(ProgramCall program)
    {
        foreach (var piece in program.Input)
        {
            var bytes = piece.ToArray();
            for (var at = 0; at < bytes.Length;)
            {
                var written = Libc.Write(1, ref bytes[at], bytes.Length - at);
                if (written < 0)
                {
                    return new(1, default, TookAll: false, TimedOut: false);
                }

                at += (int)written;
            }
        }

        return new(0, default, TookAll: true, TimedOut: false);
    }
}
