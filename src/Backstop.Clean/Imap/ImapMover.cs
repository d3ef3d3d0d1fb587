using Backstop.Mailboxes.Runs;
using MailKit;
using MailKit.Net.Imap;

namespace Backstop.Clean.Imap;

/// <summary>
/// Moves messages on a server in batches: by MOVE (RFC 6851), or by COPY and UID EXPUNGE (RFC 4315). Each batch is
/// written to the run's log before and after.
/// </summary>
/// <param name="run">The run that the batches are logged in.</param>
/// <param name="address">The folder that the messages are in.</param>
/// <param name="access">The password, and the certificates to trust.</param>
/// <param name="options">The rate, and the folder to move to.</param>
/// <param name="time">The clock.</param>
internal sealed class ImapMover(Run run, ImapAddress address, ImapAccess access, CleanOptions options, TimeProvider time)
{
    private const int MaxBatch = 500;
    private const int MaxTries = 6;

    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);

    private ImapDoor? _door;
    private ImapFolder? _source;
    private ImapFolder? _target;

    /// <summary>Moves messages to the target, or deletes them.</summary>
    /// <returns>How many were moved; null where UIDVALIDITY has changed, so that the numbers name other
    /// messages.</returns>
    public async Task<int?> MoveAsync(
        IReadOnlyList<ServerMessage> messages, uint validity, CleanTarget target, Meter meter, CancellationToken ct)
    {
        var moved = 0;
        try
        {
            foreach (var batch in messages.Chunk(options.Rate > 0 ? Math.Min(options.Rate, MaxBatch) : MaxBatch))
            {
                var started = time.GetTimestamp();
                if (await RetryAsync(() => MoveBatchAsync(batch, validity, target, ct), ct) is not { } count)
                {
                    return null;
                }

                moved += count;
                meter.Add(batch.Length);
                await KeepRateAsync(batch.Length, time.GetElapsedTime(started), ct);
            }

            return moved;
        }
        finally
        {
            Close();
        }
    }

    private void Close()
    {
        _door?.Dispose();
        _door = null;
    }

    private async Task<int?> MoveBatchAsync(ServerMessage[] batch, uint validity, CleanTarget target, CancellationToken ct)
    {
        await ConnectAsync(target, ct);
        if (_source!.UidValidity != validity)
        {
            return null;
        }

        var ids = batch.Select(m => new UniqueId(validity, m.Uid)).ToList();
        if (target.IsDelete)
        {
            return await DeleteBatchAsync(batch, ids, validity, ct);
        }

        await _door!.AskAsync(_ => _target!.StatusAsync(StatusItems.UidNext | StatusItems.UidValidity, ct), ct);
        run.Append(new ServerBatch(_source.FullName, validity, batch, _target!.FullName, _target.UidNext?.Id ?? 1, ""));

        // The server may carry out the command as soon as it has it, so its answer is awaited whatever happens.
        var map = await _door.AskAsync(_ => _source.MoveToAsync(ids, _target, CancellationToken.None), CancellationToken.None);
        var (from, to) = (_door.Bounded(map.Source, batch.Length), _door.Bounded(map.Destination, batch.Length));
        if (from.Count != to.Count || !from.All(ids.Contains))
        {
            throw _door.Lie("the server says that it moved messages which it was not asked to move");
        }

        run.Append(new ServerMoved(_target.UidValidity, [.. from.Select(u => u.Id)], [.. to.Select(u => u.Id)]));
        return from.Count > 0 ? from.Count : batch.Length;
    }

    private async Task<int?> DeleteBatchAsync(ServerMessage[] batch, List<UniqueId> ids, uint validity, CancellationToken ct)
    {
        using var archive = new StagedFile(run, "archive");
        var sizes = new Dictionary<uint, long>();
        var order = new List<uint>();
        await _door!.AskAsync(_ => _source!.GetStreamsAsync(
            ids,
            async (_, _, uid, stream, stop) =>
            {
                using var message = new MemoryStream();
                await stream.CopyToAsync(message, stop);
                ImapDoor.Own(() => Keep(uid.Id, message.GetBuffer().AsSpan(0, (int)message.Length)));
            },
            ct), ct);
        archive.Sync();
        var byId = batch.ToDictionary(m => m.Uid);
        if (order.Find(u => !byId.ContainsKey(u)) is > 0 and var stranger)
        {
            throw _door.Lie($"the server sent message {stranger}, which was not requested");
        }

        var kept = order.Select(u => byId[u] with { Size = sizes[u] }).ToList();
        run.Append(new ServerBatch(_source!.FullName, validity, kept, "", 0, archive.Name));
        var gone = kept.Select(m => new UniqueId(validity, m.Uid)).ToList();
        await _door.AskAsync(
            async _ =>
            {
                await _source.AddFlagsAsync(gone, MessageFlags.Deleted, true, CancellationToken.None);
                await _source.ExpungeAsync(gone, CancellationToken.None);
            },
            CancellationToken.None);
        run.Append(new ServerMoved(validity, [.. gone.Select(u => u.Id)], []));
        return gone.Count;

        void Keep(uint uid, ReadOnlySpan<byte> message)
        {
            // A number that is sent twice would stand for two messages in the archive.
            if (sizes.TryAdd(uid, message.Length))
            {
                archive.Write(message);
                order.Add(uid);
            }
        }
    }

    // Where the server is busy, over a limit or gone, the batch is tried again after growing pauses. Before each try it
    // is found out what the last one has moved.
    private async Task<int?> RetryAsync(Func<Task<int?>> work, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await work();
            }
            catch (ImapFault fault) when (tries < MaxTries && fault.MayPass)
            {
                // Tried again below.
            }

            Close();
            await Task.Delay(_firstPause * Math.Pow(2, tries - 1), time, ct);
            if (await FinishAsync(ct) is { } count)
            {
                return count;
            }
        }
    }

    // Returns how many messages the interrupted batch moved, where it moved any; the rest is left for another run. Null
    // to try the batch again.
    private async Task<int?> FinishAsync(CancellationToken ct)
    {
        try
        {
            _door = await ImapConnection.OpenAsync(address, access, time, ct);
            return await ImapFinish.RunAsync(run, _door, ct) is > 0 and var moved ? moved : null;
        }
        catch (CleanException)
        {
            return null;
        }
        finally
        {
            Close();
        }
    }

    private async Task ConnectAsync(CleanTarget target, CancellationToken ct)
    {
        if (_door is not null)
        {
            return;
        }

        _door = await ImapConnection.OpenAsync(address, access, time, ct);
        if (!_door.Capabilities.HasFlag(ImapCapabilities.UidPlus)
            && (target.IsDelete || !_door.Capabilities.HasFlag(ImapCapabilities.Move)))
        {
            throw new CleanException(
                CleanFailure.Unavailable,
                $"{address}: the server supports neither MOVE nor UIDPLUS; without them other messages could be expunged, "
                    + "so nothing was moved");
        }

        _target = target.IsDelete ? null : await TargetAsync(_door, target.Folder, ct);
        _source = await _door.OpenFolderAsync(address.Folder, FolderAccess.ReadWrite, ct);
    }

    private async Task<ImapFolder> TargetAsync(ImapDoor door, string name, CancellationToken ct)
    {
        var (root, folders) = await door.AskAsync(
            async client =>
            {
                var top = client.GetFolder(client.PersonalNamespaces[0]);
                return (top, await top.GetSubfoldersAsync(false, ct));
            },
            ct);
        var there = folders.FirstOrDefault(f => f.Name == name || f.FullName == name);
        if (there is not null)
        {
            return (ImapFolder)there;
        }

        run.Append(new ServerFolder(root.FullName.Length > 0 ? $"{root.FullName}{root.DirectorySeparator}{name}" : name));
        var made = await door.AskAsync(_ => root.CreateAsync(name, true, ct), ct)
            ?? throw new CleanException(
                CleanFailure.CannotCreate, $"{address}: the server did not create the folder {name}; create it and try again");
        await door.AskAsync(_ => made.SubscribeAsync(ct), ct);
        return (ImapFolder)made;
    }

    private Task KeepRateAsync(int messages, TimeSpan taken, CancellationToken ct)
    {
        var wanted = options.Rate > 0 ? TimeSpan.FromSeconds((double)messages / options.Rate) : TimeSpan.Zero;
        return wanted > taken ? Task.Delay(wanted - taken, time, ct) : Task.CompletedTask;
    }
}
