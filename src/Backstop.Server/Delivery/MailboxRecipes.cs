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

/// <summary>A copy that recipes want in a folder.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Remade">The message as they have changed it; null for as it came.</param>
internal readonly record struct RecipeCopy(FolderRef Folder, ReadOnlyMemory<byte>? Remade)
{
    /// <summary>A copy of the message as it came.</summary>
    // Not "condition ? null : octets": null becomes an empty memory there, and an empty memory an empty mail.
    public static RecipeCopy Untouched(FolderRef folder) => new(folder, default(ReadOnlyMemory<byte>?));
}

/// <summary>Runs the recipes of one mailbox over its messages.</summary>
/// <param name="mailbox">The mailbox.</param>
/// <param name="options">The configuration.</param>
/// <param name="program">The rcfiles read and expressions compiled for all mailboxes, which have much in common.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Takes what the recipes have to say.</param>
internal sealed class MailboxRecipes(Mailbox mailbox, BackstopOptions options, RcProgram program, TimeProvider time, Action<string> log)
{
    // SpamAssassin's programs add what the filter of this server has added already: they need not be run.
    private static readonly string[] _filters = ["spamassassin", "spamc"];

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly ReplyMemory _replies = new(DataPaths.Replies(options), time);
    private DecayedCount _forwards = new(TimeSpan.FromHours(1));
    private readonly string _home = MakeHome(Path.GetDirectoryName(mailbox.Path) ?? "/");

    /// <summary>The folder whose mail they decide about.</summary>
    public FolderRef Inbox => mailbox.Folder(FolderRef.Inbox);

    /// <summary>Runs them.</summary>
    /// <param name="content">The message.</param>
    /// <param name="target">Which of its copies.</param>
    /// <param name="running">Told when a program begins and ends.</param>
    /// <param name="plan">Where copies of it go, and as what where a filter changed it; none where a program has it, or the recipes
    /// threw it away.</param>
    /// <returns>Why it must be tried again, or null.</returns>
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
        var run = new RecipeRun(program, host, how, message, Variables(content), _home);
        var problem = Execute(run, host);
        plan = [
            .. host.Plan.Select(c => IsPartOf(c.Content, message) ? RecipeCopy.Untouched(c.Folder) : new RecipeCopy(c.Folder, c.Content))];
        if (problem is null || !host.HasActed)
        {
            return problem;
        }

        // Begun anew, all that was done would be done again, every few minutes: programs, and mails sent on.
        log($"{Inbox.Path}: {problem}; not tried again, because programs have run or mail was sent: the message goes to the inbox");
        plan = [.. plan, RecipeCopy.Untouched(Inbox)];
        return null;
    }

    // Why the message is nowhere, or null.
    private string? Execute(RecipeRun run, PlanHost host)
    {
        try
        {
            var outcome = run.Execute([mailbox.Recipes]);
            return outcome.IsDelivered ? null : $"recipes ended with {outcome.ExitCode}: {outcome.Folder}";
        }
        catch (Exception error) when (host.HasActed && error is (IOException or UnauthorizedAccessException or ArgumentException))
        {
            return error.Message;
        }
    }

    // Programs run there, and relative folders lie there, before the first delivery has made it.
    private static string MakeHome(string path)
    {
        Folders.Make(path);
        return path;
    }

    // The untouched message is in the spool, and need not be kept in memory too.
    private static bool IsPartOf(ReadOnlyMemory<byte> content, byte[] message) =>
        MemoryMarshal.TryGetArray(content, out var segment) && segment.Array == message
        && segment.Count == message.Length - (message.AsSpan().IndexOf((byte)'\n') + 1);

    // Two mailboxes that send on to each other by ways that lose all marks stop here, and so does whoever floods somebody through a
    // mailbox of ours.
    private bool MayForward()
    {
        lock (_told)
        {
            return options.Recipes.MaxForwards == 0 || _forwards.At(time.GetUtcNow()) < options.Recipes.MaxForwards;
        }
    }

    // Runs that go on at the same time may find the same last one free: what they send beyond it is counted, and waited for by the next.
    private void NoteForward()
    {
        lock (_told)
        {
            _forwards.Add(time.GetUtcNow());
        }
    }

    // Once for a mailbox, not once a message.
    private bool Tells(string id)
    {
        lock (_told)
        {
            return _told.Add(id);
        }
    }

    private static ProgramOutcome? Instead(ProgramCall program) =>
        program.Output == ProgramOutput.Wanted && _filters.Contains(Path.GetFileName(program.Arguments[0]), StringComparer.Ordinal)
            ? new(0, program.Input[0], TookAll: true, TimedOut: false)
            : null;

    // As it would lie in an mbox: recipes ask the separator line who sent it.
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
            // Only here: an address and an envelope, no login and so no ~/bin, sendmail's folder, and the server's own limit.
            ["RECIPIENT"] = mailbox.Address.ToString(),
            ["SENDER"] = content.Envelope.ReversePath,
            ["PATH"] = $"{RecipeDefaults.Path}:/usr/sbin:/sbin",
            ["TIMEOUT"] = ((long)options.Recipes.TimeLimit.TotalSeconds).ToString(CultureInfo.InvariantCulture),
        };
        RecipeDefaults.Set(variables, _home, mailbox.Address.LocalPart, options.Hostname, inbox);
        return variables;
    }
}
