using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>The result of an action.</summary>
/// <param name="Succeeded">Whether it succeeded.</param>
/// <param name="Folder">The folder or command, as the log names it.</param>
/// <param name="Size">Octets written.</param>
internal readonly record struct ActionOutcome(bool Succeeded, string Folder, long Size);

/// <summary>Carries out folders, pipes and forwards.</summary>
internal sealed class RecipeActions(
    RecipeState state, RecipePrograms programs, RecipeFilters filters, RecipeLog log, IRecipeHost host, RecipeOptions options,
    RecipeBudget budget)
{
    private readonly RecipeGuard _guard = new(state, host);

    /// <summary>Carries out a recipe's action, other than a block.</summary>
    public ActionOutcome Do(RcRecipe recipe) => recipe.Action switch
    {
        RcFolderAction folder => Deliver(folder, recipe.Flags),
        RcPipeAction { Variable: { } variable } capture => filters.Capture(variable, capture.Command.Text, recipe.Flags),
        RcPipeAction pipe when recipe.Has(RcFlags.Filter) => filters.Filter(pipe.Command.Text, recipe.Flags),
        RcPipeAction pipe => Pipe(pipe.Command.Text, recipe.Flags),
        RcForwardAction forward => Forward(forward.Arguments.Text, recipe.Flags),
        _ => throw new NotSupportedException(),
    };

    /// <summary>Delivers to folders; a bar alone is standard output.</summary>
    public ActionOutcome Deliver(List<string> names, RcFlags flags, bool locks)
    {
        if (names[0].Length == 0)
        {
            log.Say("Error while writing to \"\"");
            return new(false, "", 0);
        }

        if (names[0] == "|")
        {
            return Pipe("", flags);
        }

        var part = RecipeFilters.PartOf(state.Message, flags);
        var hasHeader = (flags & (RcFlags.FeedHeader | RcFlags.FeedBody)) != RcFlags.FeedBody;
        var delivery = new FolderCall(
            names, state.Directory, new([part], flags.HasAny(RcFlags.Raw), hasHeader), state.Umask, MessagePrefix,
            locks || !options.IsStrict, state.LockTimes);
        if (!host.IsRepeatable(delivery))
        {
            budget.BeforeActing(names[0], endsRun: !flags.HasAny(RcFlags.Copy));
        }

        var outcome = host.Deliver(delivery);
        // The message may have written the name, as it may in $-.
        state.Variables.Set("LASTFOLDER", outcome.Name, Expanded.Whole);
        log.Trace($"Assigning \"LASTFOLDER={outcome.Name}\"");
        if (outcome.Error is { } error)
        {
            log.Say($"Error while writing to \"{outcome.Name}\"{(options.IsStrict ? "" : $": {error}")}");
        }

        return new(outcome.Error is null, outcome.Name, outcome.Size);
    }

    private string MessagePrefix => options.IsStrict ? state.Variables.TextUnlessTaken("MSGPREFIX", RecipeDefaults.MessagePrefix)
        : state.Variables.Text("MSGPREFIX", RecipeDefaults.MessagePrefix);

    private ActionOutcome Deliver(RcFolderAction action, RcFlags flags)
    {
        var names = programs.Expander.Folders(action.Names.Text);
        if (programs.Expander.HasOverflowed)
        {
            programs.SayOverflow();
            return new(false, "", 0);
        }

        return Deliver(names, flags, locks: false);
    }

    private ActionOutcome Pipe(string command, RcFlags flags)
    {
        var parsed = programs.Parse(command);
        if (parsed.Arguments is [""])
        {
            // Nothing but the bar: standard output.
            parsed = new([], "|", "|");
        }

        if (budget.IsOn && RecipeGuard.SendsMail(command))
        {
            if (_guard.AgainstReply() is { } reason)
            {
                return Held(parsed.Shown, reason, "L23", isCopy: flags.HasAny(RcFlags.Copy));
            }

            budget.BeforeSending(parsed.Shown);
            if (!_guard.MayBeAnswered())
            {
                return Held(parsed.Shown, RecipeGuard.Answered, "L23", isCopy: flags.HasAny(RcFlags.Copy));
            }

            host.NoteForward();
        }

        return Give(parsed, RecipeFilters.PartOf(state.Message, flags), flags);
    }

    private ActionOutcome Forward(string arguments, RcFlags flags)
    {
        if (programs.ParseForward(arguments, out var hasOptionOfMail) is not { } parsed)
        {
            return new(false, "", 0);
        }

        if (hasOptionOfMail && !options.IsStrict)
        {
            return Held(parsed.Shown, "the message wrote an option of the mailer", "L40", isCopy: flags.HasAny(RcFlags.Copy));
        }

        if (budget.IsOn)
        {
            if (_guard.AgainstForward() is { } reason)
            {
                return Held(parsed.Shown, reason, "L24", isCopy: flags.HasAny(RcFlags.Copy));
            }

            budget.BeforeSending(parsed.Shown);
            host.NoteForward();
        }

        // The envelope is the mailer's business.
        var part = RecipeFilters.PartOf(state.Message, flags);
        var from = (flags & (RcFlags.FeedHeader | RcFlags.FeedBody)) == RcFlags.FeedBody ? 0 : state.Message.FromLineLength;
        return Give(parsed, part[from..], flags);
    }

    // A copy that is not sent is done with; anything else goes on to the next recipe.
    private ActionOutcome Held(string shown, string reason, string id, bool isCopy)
    {
        log.Deviate(id, $"\"{shown}\" is not run: {reason}");
        return new(isCopy, shown, 0);
    }

    private ActionOutcome Give(RecipeCommand command, ReadOnlyMemory<byte> part, RcFlags flags)
    {
        // Without w procmail hands the message over and hopes. Where it is the only copy we wait: a program that fails must not
        // take the mail with it.
        var isWaited = flags.HasAny(RcFlags.Wait | RcFlags.WaitQuietly);
        var waits = isWaited || (!options.IsStrict && !flags.HasAny(RcFlags.Copy));
        var input = RecipePrograms.Input(part, flags.HasAny(RcFlags.Raw));
        var outcome = programs.Run(command, input, ProgramOutput.Discarded, waits, setsStatus: isWaited);
        state.Variables.Set("LASTFOLDER", command.Shown, Expanded.Whole);
        var size = input.Sum(i => (long)i.Length);
        if (!outcome.TookAll && !flags.HasAny(RcFlags.IgnoreWriteErrors))
        {
            log.Say($"Error while writing to \"{command.Name}\"");
        }

        var failed = outcome.Status is not (null or 0);
        if (failed && isWaited)
        {
            log.Failure(outcome.Status, command.Name, flags.HasAny(RcFlags.WaitQuietly));
        }

        if (failed && (!isWaited || (!options.IsStrict && flags.HasAny(OddFlags.WaitsByLock))))
        {
            log.Deviate("L05", $"\"{command.Shown}\" failed with {outcome.Status}: the message goes on to the next recipe");
        }

        var isBroken = !outcome.TookAll && !flags.HasAny(RcFlags.IgnoreWriteErrors) && (options.IsStrict || failed);
        return new(!failed && !isBroken, command.Shown, size);
    }
}
