using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>Runs rcfiles over one message.</summary>
/// <remarks>For one message and one thread.</remarks>
public sealed partial class RecipeRun
{
    // LOGABSTRACT=all
    private const int LogsCopies = 2;

    private readonly RcProgram _program;
    private readonly IRecipeHost _host;
    private readonly RecipeOptions _options;
    private readonly RecipeState _state;
    private readonly RecipeLog _log;
    private readonly OddFlags _odd;
    private readonly RecipeBudget _budget;
    private readonly RecipePrograms _programs;
    private readonly RecipeConditions _conditions;
    private readonly RecipeActions _actions;
    private readonly RecipeLocks _locks;
    private readonly HashSet<string> _held;
    private readonly RecipeFrames _frames;
    private readonly Queue<string> _rcFiles;
    private bool _stopped;
    private RecipeOutcome? _outcome;
    private int? _decided;

    /// <summary>Prepares to run recipes over one message; <see cref="Execute"/> runs them.</summary>
    /// <param name="program">Keeps rcfiles and expressions from one message to the next; other runs may use it at the same time.</param>
    /// <param name="host">The programs, folders, lockfiles and log that recipes act on.</param>
    /// <param name="options">Whether procmail is followed to the letter, the name in the log, and the limits.</param>
    /// <param name="message">The message, LF line ends.</param>
    /// <param name="variables">The variables set before any rcfile is read.</param>
    /// <param name="directory">The absolute directory that relative names start from, until MAILDIR is set.</param>
    public RecipeRun(
        RcProgram program,
        IRecipeHost host,
        RecipeOptions options,
        ReadOnlyMemory<byte> message,
        IEnumerable<KeyValuePair<string, string>> variables,
        string directory)
        : this(
            program,
            host ?? throw new ArgumentNullException(nameof(host)),
            options ?? throw new ArgumentNullException(nameof(options)),
            RecipeState.Begin(variables, new(options.Reads?.Invoke(message) ?? message), options.Arguments, directory),
            new(host, options), new(), [], outer: null)
    {
    }

    private RecipeRun(
        RcProgram program,
        IRecipeHost host,
        RecipeOptions options,
        RecipeState state,
        RecipeLog log,
        RecipeFrames frames,
        Queue<string> rcFiles,
        RecipeRun? outer)
    {
        _program = program;
        _host = host;
        _options = options;
        _state = state;
        _log = log;
        _odd = new(log);
        _frames = frames;
        _rcFiles = rcFiles;
        _budget = new(state, host, options, frames, rcFiles, outer?._budget);
        _programs = new(state, log, host, options, _budget);
        _conditions = new(program, state, _programs, log, options);
        _actions = new(state, _programs, new(state, _programs, log, options), log, host, options, _budget);
        _held = outer?._held ?? new(StringComparer.Ordinal);
        _locks = new(state, _programs, log, host, options, _held);
    }

    /// <summary>Runs the first of some rcfiles that can be read, and delivers what it leaves to <c>DEFAULT</c>.</summary>
    /// <param name="rcFiles">Their names; relative ones are read from where MAILDIR is by then.</param>
    /// <param name="first">One that is run before, for all users; null for none.</param>
    public RecipeOutcome Execute(IEnumerable<string> rcFiles, string? first = null)
    {
        ArgumentNullException.ThrowIfNull(rcFiles);
        foreach (var path in rcFiles)
        {
            _rcFiles.Enqueue(path);
        }

        EnterNext();
        if (first is not null && Read(first) is { } system)
        {
            _frames.Include(system, _state.RcFile);
            _state.RcFile = first;
        }

        try
        {
            return Finish();
        }
        catch (RecipeDeferredException deferred)
        {
            // No TRAP and no EXITCODE: nothing has been decided.
            _log.Say(deferred.Message);
            return new(TryAgain, IsDelivered: false, deferred.Message);
        }
    }

    /// <summary>
    /// How a run that is broken off from outside ends: as it would have where the message is delivered, and to be tried again where
    /// it is not.
    /// </summary>
    public int Interrupt()
    {
        if (_decided is { } code)
        {
            return code;
        }

        _host.Log(
            $"{_options.LogName}: Terminating prematurely\n{RecipeLog.TextOf(_state.Message, "**Requeued**", 0, subject: null)}");
        return TryAgain;
    }

    private RecipeOutcome Finish()
    {
        try
        {
            return RunToEnd();
        }
        finally
        {
            _locks.Release();
        }
    }

    private RecipeOutcome RunToEnd()
    {
        while (_outcome is null && !_frames.IsEmpty)
        {
            if (_frames.Next(out var left) is { } statement)
            {
                Step(statement);
            }
            else if (left is { IsFile: false })
            {
                // The block as a whole was executed, whatever was in it.
                _state.WasExecuted = true;
                _state.HadMatched = true;
            }
            else if (left?.Returns is { } name)
            {
                _state.RcFile = name;
            }
        }

        if (_outcome is null && !_stopped)
        {
            DeliverDefault();
        }

        return _outcome!;
    }

    private bool EnterNext()
    {
        while (_rcFiles.TryDequeue(out var path))
        {
            if (Read(path) is { } file)
            {
                _state.RcFile = _state.Resolve(path);
                _log.Trace($"Rcfile: \"{path}\"");
                _frames.Enter(file);
                return true;
            }
        }

        return false;
    }

    private RcFile? Read(string path)
    {
        if (path == "/dev/null")
        {
            return new(path, []);
        }

        if (!_frames.IsFull && _program.Read(_host, _state.Resolve(path)) is { } file)
        {
            return file;
        }

        _log.Say($"Couldn't read \"{path}\"");
        return null;
    }

    private void Step(RcStatement statement)
    {
        switch (statement)
        {
            case RcAssignment assignment:
                Assign(assignment);
                break;
            case RcUnset unset:
                _state.Variables[unset.Name] = null;
                Unset(unset.Name);
                break;
            case RcSkipped skipped:
                _log.SaySkipped(skipped.Text);
                break;
            case RcUnclosed unclosed when _options.IsStrict:
                Step(unclosed.Statement);
                break;
            case RcUnclosed:
                // The rest of the file has become part of a name or an address.
                _log.Say("Unexpected EOL");
                break;
            case RcRecipe recipe when WithHead(recipe) is { } read:
                Step(read);
                break;
        }
    }

    // The first line with the values of its variables; null where it is longer than LINEBUF.
    private RcRecipe? WithHead(RcRecipe recipe)
    {
        if (recipe.HasPlainHead)
        {
            return recipe;
        }

        var head = _programs.Expander.Head(recipe.Head.Text[1..]);
        if (_programs.Expander.HasOverflowed)
        {
            // procmail: the rest of the file is left out.
            _programs.SayOverflow();
            _state.RcFile = _frames.LeaveFile() ?? _state.RcFile;
            return null;
        }

        return recipe with
        {
            Flags = head.Flags,
            Lock = head.Lock is { } name ? new(name, recipe.Head.At) : null,
            Skipped = head.Skipped.Length > 0 ? [new(head.Skipped, recipe.Head.At)] : [],
        };
    }

    private void Step(RcRecipe recipe)
    {
        foreach (var skipped in recipe.Skipped)
        {
            _log.Say($"Skipped \"{skipped.Text}\"");
        }

        recipe = _odd.Settle(recipe);
        if (recipe.Action is null)
        {
            _log.Say("Missing action");
        }

        // A first line at the end of the file has no condition that failed, which is what flags A and E of the next recipe look at.
        _state.IsJoined |= !recipe.Has(RcFlags.Body) || recipe.Has(RcFlags.Header);
        var executes = IsReached(recipe) && (recipe.Action is not null ? _conditions.Hold(recipe) : recipe.Conditions.Count == 0);
        _state.WasExecuted = executes || (recipe.Has(RcFlags.Else) && _state.WasExecuted);
        _state.HadMatched = recipe.Has(RcFlags.Also | RcFlags.AlsoIfSuccess) ? _state.HadMatched : executes;
        recipe = _odd.SettleAction(recipe, executes);
        if (!executes || recipe.Action is null)
        {
            return;
        }

        _state.IsJoined = false;
        if (recipe.Action is RcBlockAction block)
        {
            Enter(block, recipe);
            return;
        }

        Carry(recipe);
    }

    // Flags A a E e look back at the recipes before.
    private bool IsReached(RcRecipe recipe) =>
        (!recipe.Has(RcFlags.Also) || _state.HadMatched)
        && (!recipe.Has(RcFlags.AlsoIfSuccess) || recipe.Has(RcFlags.OnError) || (_state.HadMatched && _state.Succeeded))
        && (recipe.Has(RcFlags.OnError) ? _state.WasExecuted && !_state.Succeeded : !recipe.Has(RcFlags.Else) || !_state.WasExecuted);

    private void Carry(RcRecipe recipe)
    {
        ActionOutcome outcome;
        using (_locks.TakeFor(recipe))
        {
            outcome = _actions.Do(recipe);
        }

        _state.Succeeded = outcome.Succeeded;
        _state.LastSize = outcome.Size;
        var isCopy = recipe.Has(RcFlags.Copy | RcFlags.Filter) || recipe.Action is RcPipeAction { Variable: not null };
        if (!isCopy && outcome.Succeeded)
        {
            End(0, isDelivered: true, outcome.Folder, outcome.Size);
        }
        else if (isCopy && outcome.Succeeded && !recipe.Has(RcFlags.Filter)
            && _state.Variables.Number("LOGABSTRACT") == LogsCopies)
        {
            _log.Abstract(_state.Message, outcome.Folder, outcome.Size);
        }
    }

    private void Enter(RcBlockAction block, RcRecipe recipe)
    {
        if (!recipe.Has(RcFlags.Copy))
        {
            _state.Succeeded = true;
            _frames.Enter(block);
            return;
        }

        // procmail forks: the copy runs the block and all that follows it. Here it does so first.
        if (_frames.Copy() is not { } frames)
        {
            _log.Say("Failed forking \"procmail\"");
            _state.Succeeded = false;
            return;
        }

        frames.Enter(block);
        RecipeOutcome outcome;
        using (_locks.TakeFor(recipe))
        {
            outcome = new RecipeRun(_program, _host, _options, _state.Clone(), _log, frames, new(_rcFiles), this).Finish();
        }

        var isWaited = recipe.Has(RcFlags.Wait | RcFlags.WaitQuietly);
        _state.LastStatus = isWaited ? outcome.ExitCode : 0;
        _state.Succeeded = !isWaited || outcome.ExitCode == 0;
        if (!_state.Succeeded)
        {
            _log.Failure(outcome.ExitCode, "procmail", recipe.Has(RcFlags.WaitQuietly));
        }
    }
}
