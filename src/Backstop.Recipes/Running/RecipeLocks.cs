using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>Takes the lockfiles of recipes, and holds the one named by LOCKFILE.</summary>
/// <param name="state">The run.</param>
/// <param name="programs">Expands names.</param>
/// <param name="log">Receives procmail's messages about locks.</param>
/// <param name="host">Makes lockfiles.</param>
/// <param name="options">Whether procmail is followed to the letter, the name in the log, and the limits.</param>
/// <param name="held">The absolute paths of the lockfiles held by this run and by the runs around it.</param>
internal sealed class RecipeLocks(
    RecipeState state, RecipePrograms programs, RecipeLog log, IRecipeHost host, RecipeOptions options, HashSet<string> held)
{
    private static readonly System.Buffers.SearchValues<char> _fileEnds = System.Buffers.SearchValues.Create(" \t\n;|&<>)");

    private const int StrictTries = 8;
    private const string DotLockExtension = ".lock";

    private Holding? _global;

    /// <summary>Takes the lock of a recipe; null if it has none or it cannot be taken.</summary>
    public IDisposable? TakeFor(RcRecipe recipe)
    {
        if (recipe.Lock is not { } text)
        {
            return null;
        }

        if (recipe.Has(RcFlags.Filter) && !options.LocksFilters)
        {
            log.Deviate("L01", "the lock on a filter is not taken");
            return null;
        }

        if (text.Text.Length > 0)
        {
            return Take(text.Text);
        }

        // Whoever writes an mbox takes its own lock, both ways at once.
        var name = Implied(recipe.Action!);
        return name is null ? null
            : !options.IsStrict && recipe.Action is RcFolderAction && Extension == DotLockExtension ? ByWriter(name[..^Extension.Length])
            : Take(name);
    }

    /// <summary>Takes the lock that goes with DEFAULT.</summary>
    public IDisposable? TakeForDefault(string name) =>
        name == "|" || !WantsLock(name) ? null : options.IsStrict ? Take(name + Extension) : ByWriter(name);

    /// <summary>Takes a lock that is held until another is named or everything is done.</summary>
    public void TakeGlobal(string name)
    {
        _global?.Dispose();
        _global = null;
        if (name.Length > 0)
        {
            _global = Take(name);
            if (_global is null)
            {
                state.Variables["LOCKFILE"] = null;
            }
        }
    }

    /// <summary>Gives the global lock back.</summary>
    public void Release() => TakeGlobal("");

    private string Extension => options.IsStrict ? state.Variables.TextUnlessTaken("LOCKEXT", RecipeDefaults.LockExtension)
        : state.Variables.Text("LOCKEXT", RecipeDefaults.LockExtension);

    private Holding? Take(string name)
    {
        var path = state.Resolve(name);
        if (held.Contains(path))
        {
            log.Say($"Deadlock attempted on \"{name}\"");
            return null;
        }

        // procmail tries eight times, whatever the reason; a lock that cannot be made at all is not worth waiting for.
        for (var tries = options.IsStrict ? StrictTries : 1; tries > 0; tries--)
        {
            log.Trace($"Locking \"{name}\"");
            if (host.Lock(new(path, name, state.LockTimes)) is { } taken)
            {
                held.Add(path);
                return new Holding(taken, held, path);
            }

            host.Pause(tries > 1 ? state.LockTimes.Sleep : TimeSpan.Zero);
        }

        log.Say($"Lock failure on \"{name}\"");
        return null;
    }

    private string? Implied(RcAction action)
    {
        switch (action)
        {
            case RcFolderAction folder:
                return programs.Expander.Folders(folder.Names.Text).FirstOrDefault() is { } name
                    ? ImpliedBy(name)
                    : null;
            case RcPipeAction pipe when AppendsTo(pipe.Command.Text) is { } file:
                return programs.Expander.Words(file, out _)[0] + Extension;
            case RcPipeAction pipe:
                log.Say($"Couldn't determine implicit lockfile from \"{programs.NameOf(pipe.Command.Text)}\"");
                return null;
            default:
                return null;
        }
    }

    // Maildirs need no lock.
    private string? ImpliedBy(string name)
    {
        if (options.IsStrict)
        {
            return name == "/dev/null" ? null : name + Extension;
        }

        if (!WantsLock(name))
        {
            log.Deviate("L03", $"no lock is taken on \"{name}\", which needs none");
            return null;
        }

        return name + Extension;
    }

    private IDisposable? ByWriter(string name)
    {
        log.Trace($"Locking \"{name}{DotLockExtension}\"");
        return null;
    }

    private bool WantsLock(string name) =>
        name != "/dev/null" && !name.EndsWith('/') && !name.EndsWith("/.", StringComparison.Ordinal) && !host.CanEnter(state.Resolve(name));

    // What stands behind the first ">>".
    private static string? AppendsTo(string command)
    {
        var at = command.IndexOf(">>", StringComparison.Ordinal);
        var file = at < 0 ? "" : command[(at + 2)..].TrimStart(' ', '\t');
        var end = file.AsSpan().IndexOfAny(_fileEnds);
        file = end < 0 ? file : file[..end];
        return file.Length > 0 ? file : null;
    }

    private sealed class Holding(IDisposable taken, HashSet<string> held, string path) : IDisposable
    {
        public void Dispose()
        {
            held.Remove(path);
            taken.Dispose();
        }
    }
}
