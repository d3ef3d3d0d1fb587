using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Backstop.Backscatter.Storms;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Deliver;
using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Backstop.Recipes.Running;

namespace Backstop.Server.Delivery;

/// <summary>A copy that recipes want delivered to a folder.</summary>
/// <param name="Folder">The Maildir or mbox folder to write to.</param>
/// <param name="Remade">The message as changed by recipes; null where it is unchanged.</param>
internal readonly record struct RecipeCopy(FolderRef Folder, ReadOnlyMemory<byte>? Remade)
{
    /// <summary>Returns a copy of the unchanged message.</summary>
    // Not "condition ? null : octets": null would become an empty memory, and so an empty mail.
    public static RecipeCopy Untouched(FolderRef folder) => new(folder, default(ReadOnlyMemory<byte>?));
}

/// <summary>Runs the recipes of one mailbox.</summary>
/// <param name="mailbox">The mailbox whose rcfile is run.</param>
/// <param name="options">The configuration.</param>
/// <param name="program">The rcfiles and compiled expressions that mailboxes share.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Receives the log lines of the recipes.</param>
/// <param name="before">The recipes of the mailbox by an earlier configuration, whose counts go on; null for none.</param>
internal sealed class MailboxRecipes(
    Mailbox mailbox, BackstopOptions options, RcProgram program, TimeProvider time, Action<string> log, MailboxRecipes? before = null)
{
    // The server's filter has added what these programs would add, so they need not run.
    private static readonly string[] _filters = ["spamassassin", "spamc"];

    private readonly Counts _counts = before?._counts ?? new();
    private readonly ReplyMemory _replies = before?._replies ?? new(DataPaths.Replies(options), time);
    private readonly string _home = MakeHome(Path.GetDirectoryName(mailbox.Path) ?? "/");

    /// <summary>The folder whose mail the recipes decide about.</summary>
    public FolderRef Inbox => mailbox.Folder(FolderRef.Inbox);

    /// <summary>Runs the recipes for one copy of a message.</summary>
    /// <param name="content">The message.</param>
    /// <param name="target">The number of the copy.</param>
    /// <param name="running">Called with true when a program begins, with false when it ends.</param>
    /// <param name="plan">The copies to deliver; none where a program took the message, or the recipes discarded
    /// it.</param>
    /// <returns>Why the recipes must run again later; null where they have decided.</returns>
    public string? Run(SpoolContent content, int target, Action<bool>? running, out IReadOnlyList<RecipeCopy> plan)
    {
        var message = MessageOf(content, target);
        using var host = new PlanHost(
            new()
            {
                HostName = options.Hostname,
                Instead = options.Spam.Enabled ? Instead : null,
                Running = running,
                Log = log,
                MayReply = _replies.MayReply,
                WasAnswered = _replies.WasAnswered,
                MayForward = MayForward,
                Forwarding = NoteForward,
            },
            time);
        var how = new RecipeOptions { SoftFails = true, LogName = "backstop", LocksFilters = false, TellsDeviation = Tells };
        var run = new RecipeRun(program, host, how, message, Variables(content), NativeText.Octets(_home));
        var problem = Execute(run, host);
        plan = [
            .. host.Plan.Select(c => IsPartOf(c.Content, message) ? RecipeCopy.Untouched(c.Folder) : new RecipeCopy(c.Folder, c.Content))];
        if (problem is null || !host.HasActed)
        {
            return problem;
        }

        // A second run would repeat every few minutes all that was done: programs run, mails sent on.
        log($"{Inbox.Path}: {problem}; not tried again, because programs have run or mail was sent; the message is delivered to the inbox");
        plan = [.. plan, RecipeCopy.Untouched(Inbox)];
        return null;
    }

    // Returns why the message is not delivered; null where it is.
    private string? Execute(RecipeRun run, PlanHost host)
    {
        try
        {
            var outcome = run.Execute([NativeText.Octets(mailbox.Recipes)]);
            return outcome.IsDelivered ? null : $"recipes ended with {outcome.ExitCode}: {outcome.Folder}";
        }
        catch (Exception error) when (host.HasActed && error is (IOException or UnauthorizedAccessException or ArgumentException))
        {
            return error.Message;
        }
    }

    // Programs run in this folder, and relative folders are below it, before the first delivery has created it.
    private static string MakeHome(string path)
    {
        Folders.Make(path);
        return path;
    }

    // The unchanged message is in the spool and need not be kept in memory as well.
    private static bool IsPartOf(ReadOnlyMemory<byte> content, byte[] message) =>
        MemoryMarshal.TryGetArray(content, out var segment) && segment.Array == message
        && segment.Count == message.Length - (message.AsSpan().IndexOf((byte)'\n') + 1);

    // Stops a loop of two mailboxes that forward to each other and lose all marks, and a flood through a mailbox of
    // ours.
    private bool MayForward()
    {
        lock (_counts)
        {
            return options.Recipes.MaxForwards == 0 || _counts.Forwards.At(time.GetUtcNow()) < options.Recipes.MaxForwards;
        }
    }

    // Runs at the same time may find the same last place free. What they send above the limit is counted, and delays
    // the next.
    private void NoteForward()
    {
        lock (_counts)
        {
            _counts.Forwards.Add(time.GetUtcNow());
        }
    }

    // Once for each mailbox, not for each message.
    private bool Tells(string id)
    {
        lock (_counts)
        {
            return _counts.Told.Add(id);
        }
    }

    private static ProgramOutcome? Instead(ProgramCall program) =>
        program.Output == ProgramOutput.Wanted && _filters.Contains(Path.GetFileName(program.Arguments[0]), StringComparer.Ordinal)
            ? new(0, program.Input[0], TookAll: true, TimedOut: false)
            : null;

    // As in an mbox, because recipes read the sender from the separator line.
    private static byte[] MessageOf(SpoolContent content, int target)
    {
        var envelope = content.Envelope;
        var separator = MboxSeparator.Line(envelope.ReversePath, DateTimeOffset.FromUnixTimeMilliseconds(envelope.ReceivedUnixMs));
        var head = Encoding.UTF8.GetBytes($"{separator}{content.HeaderOf(target)}{envelope.Trace}");
        if (content.LargeFile is null)
        {
            return [.. head, .. content.Body.Span];
        }

        using var body = content.OpenBody();
        var message = new byte[head.Length + body.Length];
        head.CopyTo(message, 0);
        body.ReadExactly(message, head.Length, (int)body.Length);
        return message;
    }

    private Dictionary<string, string> Variables(SpoolContent content)
    {
        var inbox = mailbox.Format == FolderFormat.Maildir ? mailbox.Path + "/" : mailbox.Path;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // In addition to the common variables: address and envelope are known, and PATH has sendmail's folder. There is no login,
            // and so no ~/bin. TIMEOUT is the server's limit.
            ["RECIPIENT"] = NativeText.Octets(mailbox.Address.ToString()),
            ["SENDER"] = NativeText.Octets(content.Envelope.ReversePath),
            ["PATH"] = $"{RecipeDefaults.Path}:/usr/sbin:/sbin",
            ["TIMEOUT"] = ((long)options.Recipes.TimeLimit.TotalSeconds).ToString(CultureInfo.InvariantCulture),
        };
        RecipeDefaults.Set(
            variables, NativeText.Octets(_home), NativeText.Octets(mailbox.Address.LocalPart), options.Hostname, NativeText.Octets(inbox));
        return variables;
    }

    /// <summary>What was told and sent on, which a reload leaves as it is.</summary>
    private sealed class Counts
    {
        public readonly HashSet<string> Told = new(StringComparer.Ordinal);
        public DecayedCount Forwards = new(TimeSpan.FromHours(1));
    }
}
