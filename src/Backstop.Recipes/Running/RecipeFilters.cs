using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>Runs programs whose output replaces the message or becomes the value of a variable.</summary>
internal sealed class RecipeFilters(RecipeState state, RecipePrograms programs, RecipeLog log, RecipeOptions options)
{
    /// <summary>The part of a message that flags h and b choose.</summary>
    public static ReadOnlyMemory<byte> PartOf(RecipeMessage message, RcFlags flags) =>
        (flags & (RcFlags.FeedHeader | RcFlags.FeedBody)) switch
        {
            RcFlags.FeedHeader => message.Header,
            RcFlags.FeedBody => message.Body,
            _ => message.Octets,
        };

    /// <summary>Puts a program's output in the place of what it was given; where the program fails, the message stays.</summary>
    public ActionOutcome Filter(string command, RcFlags flags)
    {
        var parsed = programs.Parse(command);
        var part = PartOf(state.Message, flags);
        var outcome = programs.Run(
            parsed, RecipePrograms.Input(part, flags.HasAny(RcFlags.Raw)), ProgramOutput.Wanted, waits: true,
            setsStatus: flags.HasAny(RcFlags.Wait | RcFlags.WaitQuietly));
        if (Refuse(parsed.Name, part, outcome, flags, out var isQuiet))
        {
            if (!isQuiet || log.IsVerbose)
            {
                log.Say("Rescue of unfiltered data succeeded");
            }

            return new(false, parsed.Shown, 0);
        }

        ReadOnlyMemory<byte> whole = (flags & (RcFlags.FeedHeader | RcFlags.FeedBody)) switch
        {
            RcFlags.FeedHeader => (byte[])[.. outcome.Output.Span, .. state.Message.Body.Span],
            RcFlags.FeedBody => (byte[])[.. state.Message.Header.Span, .. outcome.Output.Span],
            _ => outcome.Output,
        };
        state.Message = new(options.Reads?.Invoke(whole) ?? whole);
        return new(true, parsed.Shown, outcome.Output.Length);
    }

    /// <summary>Puts a program's output into a variable.</summary>
    public ActionOutcome Capture(string variable, string command, RcFlags flags)
    {
        var parsed = programs.Parse(command);
        var outcome = programs.Run(
            parsed, RecipePrograms.Input(PartOf(state.Message, flags), flags.HasAny(RcFlags.Raw)), ProgramOutput.Wanted, waits: true);
        var failed = outcome.Status != 0 && flags.HasAny(RcFlags.Wait | RcFlags.WaitQuietly);
        if (failed)
        {
            log.Failure(outcome.Status, parsed.Name, flags.HasAny(RcFlags.WaitQuietly));
            if (!options.IsStrict && flags.HasAny(OddFlags.WaitsByLock))
            {
                log.Deviate("L05", $"\"{parsed.Shown}\" failed with {outcome.Status}: {variable} stays as it was");
            }

            return new(false, parsed.Shown, 0);
        }

        // Exactly one newline at its end is not part of the value.
        var output = outcome.Output.Span;
        output = output.EndsWith("\n"u8) ? output[..^1] : output;
        if (output.Length > state.LineBuffer)
        {
            programs.SayOverflow();
            output = output[..state.LineBuffer];
        }

        state.Variables.Set(variable, Octets.ToText(output), Expanded.Whole);
        return new(true, parsed.Shown, output.Length);
    }

    // With W the failure of a filter is ignored.
    private bool Refuse(string shown, ReadOnlyMemory<byte> part, ProgramOutcome outcome, RcFlags flags, out bool isQuiet)
    {
        isQuiet = false;
        if (!outcome.TookAll && !flags.HasAny(RcFlags.IgnoreWriteErrors))
        {
            log.Say($"Error while writing to \"{shown}\"");
            return true;
        }

        if (outcome.TimedOut)
        {
            return true;
        }

        if (outcome.Status != 0 && flags.HasAny(RcFlags.Wait | RcFlags.WaitQuietly))
        {
            isQuiet = flags.HasAny(RcFlags.WaitQuietly);
            log.Failure(outcome.Status, shown, isQuiet);
            return !flags.HasAny(OddFlags.WaitsByLock) || options.IsStrict || RefuseSafely(shown, part, outcome);
        }

        return !options.IsStrict && RefuseSafely(shown, part, outcome);
    }

    private bool RefuseSafely(string shown, ReadOnlyMemory<byte> part, ProgramOutcome outcome)
    {
        if (outcome.Status != 0)
        {
            log.Deviate("L04", $"filter \"{shown}\" failed with {outcome.Status}: the message stays as it was");
            return true;
        }

        if (outcome.Output.IsEmpty && !part.IsEmpty)
        {
            log.Deviate("L06", $"filter \"{shown}\" gave nothing: the message stays as it was");
            return true;
        }

        return false;
    }
}
