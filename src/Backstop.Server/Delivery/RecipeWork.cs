using System.Globalization;
using System.Runtime.InteropServices;
using Backstop.Deliver;
using Backstop.Mailboxes;
using Backstop.Posix;
using Backstop.Recipes.Running;

namespace Backstop.Server.Delivery;

/// <summary>What recipes of a mailbox run with.</summary>
/// <param name="RcFile">The absolute path of the rcfile.</param>
/// <param name="Address">The address of the mailbox.</param>
/// <param name="LogName">The name of its user.</param>
/// <param name="Home">The folder that programs run in, and relative folders are below.</param>
/// <param name="Format">Maildir or mbox.</param>
/// <param name="Path">The mailbox.</param>
/// <param name="Sender">The envelope sender of the message.</param>
/// <param name="TimeLimit">The time limit of a program, in seconds.</param>
internal sealed record RecipeSetting(
    string RcFile, string Address, string LogName, string Home, FolderFormat Format, string Path, string Sender, long TimeLimit)
{
    /// <summary>Whether the server's filter has added what spamassassin and spamc would add, so they need not run.</summary>
    public bool HasFilter { get; init; }
}

/// <summary>What came of recipes.</summary>
/// <param name="Problem">Why they must run again later; null where they have decided.</param>
/// <param name="HasActed">Whether they have done something that cannot be taken back.</param>
/// <param name="Plan">The copies to deliver.</param>
internal readonly record struct RecipeResult(string? Problem, bool HasActed, IReadOnlyList<RecipeCopy> Plan);

/// <summary>Runs the recipes of one mailbox over one message, as the user of this process.</summary>
internal static class RecipeWork
{
    private static readonly string[] _filters = ["spamassassin", "spamc"];

    /// <summary>Runs them.</summary>
    /// <param name="setting">The mailbox, and the message's sender.</param>
    /// <param name="program">The rcfiles and compiled expressions that are kept.</param>
    /// <param name="calls">What the server decides.</param>
    /// <param name="tells">Whether a deviation from procmail is still to be logged.</param>
    /// <param name="message">The message, with a separator line.</param>
    /// <param name="time">The clock.</param>
    public static RecipeResult Run(
        RecipeSetting setting, RcProgram program, PlanSettings calls, Func<string, bool> tells, byte[] message, TimeProvider time)
    {
        using var host = new PlanHost(calls with { Instead = setting.HasFilter ? Instead : null }, time);
        var how = new RecipeOptions { SoftFails = true, LogName = "backstop", LocksFilters = false, TellsDeviation = tells };
        var run = new RecipeRun(program, host, how, message, Variables(setting, calls.HostName), NativeText.Octets(setting.Home));
        var problem = Execute(run, host, setting);
        return new(problem, host.HasActed, [
            .. host.Plan.Select(c => IsPartOf(c.Content, message) ? RecipeCopy.Untouched(c.Folder) : new RecipeCopy(c.Folder, c.Content))]);
    }

    // Returns why the message is not delivered; null where it is.
    private static string? Execute(RecipeRun run, PlanHost host, RecipeSetting setting)
    {
        try
        {
            var outcome = run.Execute([NativeText.Octets(setting.RcFile)]);
            return outcome.IsDelivered ? null : $"recipes ended with {outcome.ExitCode}: {outcome.Folder}";
        }
        catch (Exception error) when (host.HasActed && error is (IOException or UnauthorizedAccessException or ArgumentException))
        {
            return error.Message;
        }
    }

    private static ProgramOutcome? Instead(ProgramCall program) =>
        program.Output == ProgramOutput.Wanted && _filters.Contains(Path.GetFileName(program.Arguments[0]), StringComparer.Ordinal)
            ? new(0, program.Input[0], TookAll: true, TimedOut: false)
            : null;

    // The unchanged message is in the spool and need not be kept in memory as well.
    private static bool IsPartOf(ReadOnlyMemory<byte> content, byte[] message) =>
        MemoryMarshal.TryGetArray(content, out var segment) && segment.Array == message
        && segment.Count == message.Length - (message.AsSpan().IndexOf((byte)'\n') + 1);

    private static Dictionary<string, string> Variables(RecipeSetting setting, string hostName)
    {
        var inbox = setting.Format == FolderFormat.Maildir ? setting.Path + "/" : setting.Path;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // In addition to the common variables: address and envelope are known, and PATH has sendmail's folder. There is no login,
            // and so no ~/bin. TIMEOUT is the server's limit.
            ["RECIPIENT"] = NativeText.Octets(setting.Address),
            ["SENDER"] = NativeText.Octets(setting.Sender),
            ["PATH"] = $"{RecipeDefaults.Path}:/usr/sbin:/sbin",
            ["TIMEOUT"] = setting.TimeLimit.ToString(CultureInfo.InvariantCulture),
        };
        RecipeDefaults.Set(
            variables, NativeText.Octets(setting.Home), NativeText.Octets(setting.LogName), hostName, NativeText.Octets(inbox));
        return variables;
    }
}
