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
using Backstop.Server.Users;

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
/// <param name="helpers">Run the recipes of other users.</param>
internal sealed class MailboxRecipes(
    Mailbox mailbox, BackstopOptions options, RcProgram program, TimeProvider time, Action<string> log, MailboxRecipes? before = null,
    UserHelpers? helpers = null)
{
    private readonly Counts _counts = before?._counts ?? new();
    private readonly ReplyMemory _replies = before?._replies ?? new(DataPaths.Replies(options), time);
    private readonly RecipeSetting _setting = new(
        mailbox.Recipes, mailbox.Address.ToString(), mailbox.User?.Name ?? mailbox.Address.LocalPart,
        mailbox.User?.Home ?? MakeHome(Path.GetDirectoryName(mailbox.Path) ?? "/"), mailbox.Format, mailbox.Path, "",
        (long)options.Recipes.TimeLimit.TotalSeconds)
    { HasFilter = options.Spam.Enabled };

    /// <summary>The folder whose mail the recipes decide about.</summary>
    public FolderRef Inbox => mailbox.Folder(FolderRef.Inbox);

    /// <summary>The user that they run as, and that their folders are written as; null for the user of this process.</summary>
    public UserAccount? User => mailbox.User;

    /// <summary>Runs the recipes for one copy of a message.</summary>
    /// <param name="content">The message.</param>
    /// <param name="target">The number of the copy.</param>
    /// <param name="running">Called with true when a program begins, with false when it ends.</param>
    /// <param name="plan">The copies to deliver; none where a program took the message, or the recipes discarded
    /// it.</param>
    /// <returns>Why the recipes must run again later; null where they have decided.</returns>
    public string? Run(SpoolContent content, int target, Action<bool>? running, out IReadOnlyList<RecipeCopy> plan)
    {
        var (message, setting) = (MessageOf(content, target), _setting with { Sender = content.Envelope.ReversePath });
        var result = User is { } user
            ? new UserRecipes(user, helpers!, options.Hostname).Run(setting, message, new(running, log, MayForward, NoteForward))
            : RunHere(setting, message, running);
        plan = result.Plan;
        if (result.Problem is null || !result.HasActed)
        {
            return result.Problem;
        }

        // A second run would repeat every few minutes all that was done: programs run, mails sent on.
        log($"{Inbox.Path}: {result.Problem}; not tried again, because programs have run or mail was sent; "
            + "the message is delivered to the inbox");
        plan = [.. plan, RecipeCopy.Untouched(Inbox)];
        return null;
    }

    private RecipeResult RunHere(RecipeSetting setting, byte[] message, Action<bool>? running)
    {
        var calls = new PlanSettings
        {
            HostName = options.Hostname,
            Running = running,
            Log = log,
            MayReply = _replies.MayReply,
            WasAnswered = _replies.WasAnswered,
            MayForward = MayForward,
            Forwarding = NoteForward,
        };
        return RecipeWork.Run(setting, program, calls, Tells, message, time);
    }

    // Programs run in this folder, and relative folders are below it, before the first delivery has created it.
    private static string MakeHome(string path)
    {
        Folders.Make(path);
        return path;
    }

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

    /// <summary>What was told and sent on, which a reload leaves as it is.</summary>
    private sealed class Counts
    {
        public readonly HashSet<string> Told = new(StringComparer.Ordinal);
        public DecayedCount Forwards = new(TimeSpan.FromHours(1));
    }
}
