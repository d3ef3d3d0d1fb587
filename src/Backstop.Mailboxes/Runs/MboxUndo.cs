using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Reading;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>Undoes what <see cref="MboxMover"/> did, and completes a change that a crash interrupted.</summary>
/// <param name="run">The run, held.</param>
/// <param name="time">The clock.</param>
public sealed class MboxUndo(Run run, TimeProvider time)
{
    /// <summary>The prefix of the names of files with deleted messages.</summary>
    internal const string ArchiveName = "archive";

    /// <summary>The text in this run's dot-locks, by which one left by a crash is recognised.</summary>
    internal static string OwnerOf(Run run) => "clean-" + run.Id[^4..];

    /// <summary>
    /// Completes a change of files that was begun, and removes locks and staged files that a kill left behind.
    /// </summary>
    /// <param name="ct">Cancels the wait for a lock.</param>
    public async Task FinishAsync(CancellationToken ct)
    {
        MboxLock.DropLeftover(run.Started.Mailbox, OwnerOf(run));
        if (run.Started.To.Length > 0)
        {
            MboxLock.DropLeftover(MboxMover.FileOf(run.Started.Mailbox, run.Started.To), OwnerOf(run));
        }

        if (run.Entries.LastOrDefault(e => e is MboxEdits or MboxEdited) is MboxEdits pending)
        {
            using var locks = await LockSet.TakeAsync([.. pending.Edits.Select(e => e.Path)], OwnerOf(run), time, ct);
            MboxRewrite.MakeAgain(run, pending.Edits, locks.Files);
        }

        run.Tidy();
    }

    /// <summary>
    /// Restores every message of the run at its place in the mbox, or at the end if the mbox was rewritten since.
    /// </summary>
    /// <param name="ct">Cancels the wait for a lock; messages already restored stay, and another call
    /// continues.</param>
    public async Task<UndoResult> UndoAsync(CancellationToken ct)
    {
        await FinishAsync(ct);
        var all = run.Entries.OfType<MboxCuts>().Reverse().ToList();
        if (!run.IsUndoing)
        {
            run.Append(new UndoStarted(time.GetUtcNow()));
        }

        var done = run.Entries.SkipWhile(e => e is not UndoStarted).Count(e => e is MboxEdited);
        var result = default(UndoResult);
        foreach (var cuts in all.Skip(done))
        {
            result += await PutBackAsync(cuts, ct);
        }

        RemoveEmpty();
        run.Append(new UndoDone(result.Restored, time.GetUtcNow()));
        return result;
    }

    private async Task<UndoResult> PutBackAsync(MboxCuts cuts, CancellationToken ct)
    {
        using var locks = await LockSet.TakeAsync(
            cuts.Target.Length > 0 ? [run.Started.Mailbox, cuts.Target] : [run.Started.Mailbox], OwnerOf(run), time, ct);
        var source = locks.Files[0];
        var target = cuts.Target.Length > 0 ? locks.Files[1] : null;
        using var archive = target is null ? File.OpenHandle(run.File(cuts.Archive)) : null;
        var places = Find(target ?? archive!, cuts);
        var restored = places.Count(p => p.Length > 0);
        if (restored == 0)
        {
            run.Append(new MboxEdited());
            return new(0, cuts.Cuts.Count, 0);
        }

        using var whole = new StagedFile(run, "whole");
        using var rest = new StagedFile(run, "rest");
        var isSame = RandomAccess.GetLength(source) >= cuts.NewSize
            && MboxRewrite.CheckOf(source, cuts.Cuts[0].At, cuts.NewSize) == cuts.NewCheck;
        List<MboxEdit> edits = [
            isSame ? Weave(source, target ?? archive!, cuts, places, whole) : Append(source, target ?? archive!, places, whole)];
        if (target is not null)
        {
            edits.Add(Without(target, cuts, places, rest));
        }

        Room.Need(run.Started.Mailbox, edits[0].NewSize - edits[0].OldSize);
        MboxRewrite.Make(run, edits, target is null ? [source] : [source, target]);
        _ = Libc.Remove(run.File(whole.Name));
        _ = Libc.Remove(run.File(rest.Name));
        return new(restored, places.Count - restored, isSame ? 0 : restored);
    }

    // The present position of each message in the target, with length 0 for one that is gone. A mail program may have
    // changed or sorted the target.
    private static List<(long At, long Length)> Find(SafeFileHandle target, MboxCuts cuts)
    {
        var places = new List<(long, long)>();
        if (IsAsWritten(target, cuts, places))
        {
            return places;
        }

        var there = new Dictionary<uint, Queue<(long, long)>>();
        foreach (var message in MboxReader.Read(target, MboxKey.MaxRead))
        {
            var key = MboxKey.Of(message.Raw.Span);
            (there.TryGetValue(key, out var queue) ? queue : there[key] = new()).Enqueue((message.Offset, message.Length));
        }

        return [.. cuts.Cuts.Select(c => there.TryGetValue(c.Key, out var queue) && queue.TryDequeue(out var place) ? place : default)];
    }

    private static bool IsAsWritten(SafeFileHandle target, MboxCuts cuts, List<(long At, long Length)> places)
    {
        var buffer = new byte[MboxKey.MaxRead];
        var at = cuts.TargetAt;
        foreach (var cut in cuts.Cuts)
        {
            var wanted = (int)Math.Min(buffer.Length, cut.Length);
            if (RandomAccess.Read(target, buffer.AsSpan(0, wanted), at) < wanted || MboxKey.Of(buffer.AsSpan(0, wanted)) != cut.Key)
            {
                places.Clear();
                return false;
            }

            places.Add((at, cut.Length));
            at += cut.Length;
        }

        return true;
    }

    // Between the messages that stayed, as before; then the messages that arrived since.
    private MboxEdit Weave(
        SafeFileHandle source, SafeFileHandle target, MboxCuts cuts, List<(long At, long Length)> places, StagedFile whole)
    {
        var size = RandomAccess.GetLength(source);
        var first = cuts.Cuts[0].At;
        var at = first;
        var taken = 0L;
        for (var i = 0; i < places.Count; i++)
        {
            // The offset of a cut counts everything that was cut in front of it.
            var stays = cuts.Cuts[i].At - taken - at;
            whole.Copy(source, at, stays);
            at += stays;
            taken += cuts.Cuts[i].Length;
            whole.Copy(target, places[i].At, places[i].Length);
        }

        if (at < size)
        {
            whole.EndMessage();
            whole.Copy(source, at, size - at);
        }

        whole.Sync();
        return new(run.Started.Mailbox, first, size, first + whole.Length, 0, whole.Name);
    }

    // The mbox is not as the run left it, so the former places are unknown: append at the end.
    private MboxEdit Append(SafeFileHandle source, SafeFileHandle target, List<(long At, long Length)> places, StagedFile whole)
    {
        var size = RandomAccess.GetLength(source);
        whole.Write(MboxFolder.Gap(source, size));
        foreach (var (at, length) in places)
        {
            whole.Copy(target, at, length);
            whole.EndMessage();
        }

        whole.Sync();
        return new(run.Started.Mailbox, size, size, size + whole.Length, 0, whole.Name);
    }

    // Messages that are not the run's stay in the target; without any, the target gets its former size.
    private static MboxEdit Without(SafeFileHandle target, MboxCuts cuts, List<(long At, long Length)> places, StagedFile rest)
    {
        var size = RandomAccess.GetLength(target);
        var ours = places.Where(p => p.Length > 0).Order().ToList();
        var at = ours[0].At;
        foreach (var (start, length) in ours)
        {
            rest.Copy(target, at, start - at);
            at = start + length;
        }

        var isOnlyOurs = rest.Length == 0 && ours[0].At == cuts.TargetAt && IsEmptyLines(target, at, size);
        if (!isOnlyOurs)
        {
            rest.Copy(target, at, size - at);
        }

        rest.Sync();
        var keep = isOnlyOurs ? cuts.TargetSize : ours[0].At;
        return new(cuts.Target, keep, size, keep + rest.Length, MboxRewrite.CheckOf(target, keep + rest.Length, size), rest.Name);
    }

    private static bool IsEmptyLines(SafeFileHandle file, long at, long end)
    {
        Span<byte> bytes = stackalloc byte[8];
        return end - at < bytes.Length && bytes[..RandomAccess.Read(file, bytes, at)].Trim("\r\n"u8).IsEmpty;
    }

    // What the run created is removed, unless somebody has used it.
    private void RemoveEmpty()
    {
        foreach (var created in run.Entries.OfType<PathCreated>())
        {
            if (new FileInfo(created.Path) is { Exists: true, Length: 0 })
            {
                _ = Libc.Remove(created.Path);
            }
        }
    }
}
