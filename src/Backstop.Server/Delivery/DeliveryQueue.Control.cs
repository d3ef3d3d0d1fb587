using Backstop.Mailboxes.Spool;

namespace Backstop.Server.Delivery;

/// <content>
/// What a person does about messages that wait. A change waits until no copy of the message is under way, and no copy is taken until
/// the change is on the disk: no delivery races with it.
/// </content>
internal sealed partial class DeliveryQueue
{
    // Recipes may run a program; writing to a folder takes milliseconds.
    private static readonly TimeSpan _claimPatience = TimeSpan.FromSeconds(10);

    /// <summary>Puts a message on hold; the hold is on the disk at the end.</summary>
    /// <exception cref="IOException">The spool cannot be written; the message is not on hold.</exception>
    internal Task<QueueResult> HoldAsync(ulong id, CancellationToken ct) => ClaimedAsync(id, m => ChangeAsync(m, isHeld: true), ct);

    /// <summary>Ends a hold.</summary>
    /// <exception cref="IOException">The spool cannot be written; the message stays on hold.</exception>
    internal Task<QueueResult> ReleaseAsync(ulong id, CancellationToken ct) => ClaimedAsync(id, m => ChangeAsync(m, isHeld: false), ct);

    /// <summary>Sends the copies of a message elsewhere that are not delivered.</summary>
    /// <param name="id">The message.</param>
    /// <param name="redirect">Returns the new target of a copy; the old one where the copy is not meant.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="IOException">The spool cannot be written; the message goes where it went before.</exception>
    internal Task<QueueResult> RedirectAsync(ulong id, Func<SpoolTarget, SpoolTarget> redirect, CancellationToken ct) =>
        ClaimedAsync(id, m => RedirectAsync(m, redirect), ct);

    /// <summary>Deletes a message; it can be restored.</summary>
    /// <exception cref="IOException">The spool cannot be written or read; the message is not deleted.</exception>
    internal Task<QueueResult> DeleteAsync(ulong id, CancellationToken ct) => ClaimedAsync(id, m => Task.FromResult(Delete(m)), ct);

    /// <summary>Delivers a deleted message after all.</summary>
    /// <exception cref="IOException">The spool cannot be written; the message stays deleted.</exception>
    internal async Task<QueueResult> RestoreAsync(ulong id)
    {
        if (Report(id) is not null)
        {
            return new(QueueOutcome.Unchanged, "it is in the queue");
        }

        if (await _spool.RestoreAsync(id) is not { } entry)
        {
            return new(QueueOutcome.NotFound, "no deleted message has this id; list them with: backstop queue list --deleted");
        }

        Replay([entry]);
        return new(QueueOutcome.Done);
    }

    /// <summary>Tries a message now, and waits for the end of the try.</summary>
    internal async Task<QueueResult> TryNowAsync(ulong id, CancellationToken ct)
    {
        InDelivery? message;
        lock (_gate)
        {
            if (!_messages.TryGetValue(id, out message))
            {
                return Missed(id);
            }

            if (message.IsHeld)
            {
                return new(QueueOutcome.Held, "it is on hold; release it first");
            }

            message.IsChosen = true;
            for (var target = 0; target < message.Copies; target++)
            {
                TryCopyNow(message, target);
            }
        }

        await UntilAsync(() => message.IsGone || message.IsHeld || Rests(message), ct);
        return Tried(message);
    }

    private QueueResult Tried(InDelivery message)
    {
        if (message.IsGone)
        {
            return new(QueueOutcome.Delivered);
        }

        var reports = Report(message.Entry.Id)?.Copies ?? [];
        return reports.FirstOrDefault(c => c.Error.Length > 0) is { } failed ? new(QueueOutcome.Failed, failed.Error)
            : reports.Any(c => c.Place == CopyPlace.NoMailbox) ? new(QueueOutcome.Failed, "its mailbox is not in the configuration")
            : new(QueueOutcome.Trying, "it is still tried; see queue show");
    }

    private async Task<QueueResult> ChangeAsync(InDelivery message, bool isHeld)
    {
        if (message.IsHeld == isHeld)
        {
            return new(QueueOutcome.Unchanged, isHeld ? "it was on hold" : "it was not on hold");
        }

        await _spool.ChangeAsync(message.Entry, new(isHeld, Targets: null));
        lock (_gate)
        {
            message.IsHeld = isHeld;
        }

        return new(QueueOutcome.Done);
    }

    private async Task<QueueResult> RedirectAsync(InDelivery message, Func<SpoolTarget, SpoolTarget> redirect)
    {
        var entry = message.Entry;
        var old = SpoolLog.ReadEnvelope(entry).Targets;
        List<SpoolTarget> targets = [.. old.Select((t, i) => entry.IsDelivered(i) ? t : redirect(t))];
        if (targets.SequenceEqual(old))
        {
            return new(QueueOutcome.Unchanged, "no copy that waits is for that address");
        }

        await _spool.ChangeAsync(entry, new(entry.IsHeld, targets));
        lock (_gate)
        {
            message.IsRedirected = true;
            for (var target = 0; target < message.Copies; target++)
            {
                if (targets[target] != old[target] && message[target].Place is not (CopyPlace.Scan or CopyPlace.Done))
                {
                    Withdraw(message, target);
                }
            }
        }

        return new(QueueOutcome.Done);
    }

    private QueueResult Delete(InDelivery message)
    {
        _spool.Keep(message.Entry);
        lock (_gate)
        {
            Withdraw(message);
            Forget(message);
            Tell();
        }

        return new(QueueOutcome.Done);
    }

    // Changes a message while no delivery of it is under way.
    private async Task<QueueResult> ClaimedAsync(ulong id, Func<InDelivery, Task<QueueResult>> change, CancellationToken ct)
    {
        if (await ClaimAsync(id, ct) is not { } message)
        {
            return Missed(id);
        }

        try
        {
            return await change(message);
        }
        finally
        {
            Unclaim(message);
        }
    }

    // Stops a message, and waits until no copy of it is under way; null where it is gone or remains under way.
    private async Task<InDelivery?> ClaimAsync(ulong id, CancellationToken ct)
    {
        InDelivery? message;
        lock (_gate)
        {
            if (!_messages.TryGetValue(id, out message))
            {
                return null;
            }

            message.Claims++;
        }

        try
        {
            await UntilAsync(() => message.IsGone || message.UnderWay == 0, ct);
        }
        catch
        {
            Unclaim(message);
            throw;
        }

        lock (_gate)
        {
            if (!message.IsGone && message.UnderWay == 0)
            {
                return message;
            }
        }

        Unclaim(message);
        return null;
    }

    private void Unclaim(InDelivery message)
    {
        lock (_gate)
        {
            message.Claims--;
            if (message.IsGone || message.Claims > 0)
            {
                return;
            }

            if (message.IsHeld)
            {
                WithdrawResting(message);
                return;
            }

            foreach (var (place, copy) in message.TakeParked())
            {
                Queue(place, copy);
            }

            for (var target = 0; target < message.Copies; target++)
            {
                if (message[target].Place == CopyPlace.Parked)
                {
                    Place(message, target);
                }
            }
        }
    }

    private QueueResult Missed(ulong id)
    {
        lock (_gate)
        {
            return _messages.ContainsKey(id)
                ? new(QueueOutcome.Busy, "a copy of it is being delivered; try again")
                : new(QueueOutcome.NotFound, "it is not in the queue: delivered, deleted, or never here");
        }
    }

    // Recipes that wait for their next try would run the message then.
    private void WithdrawResting(InDelivery message)
    {
        for (var target = 0; target < message.Copies; target++)
        {
            if (message[target].Job is not null)
            {
                Withdraw(message, target);
            }
        }
    }

    // Waits until a condition is true, for a limited time. The condition is checked with the lock held.
    private async Task UntilAsync(Func<bool> isSo, CancellationToken ct)
    {
        var awaited = (isSo, Task: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            if (isSo())
            {
                return;
            }

            _awaited.Add(awaited);
        }

        try
        {
            await awaited.Task.Task.WaitAsync(_claimPatience, _time, ct);
        }
        catch (TimeoutException)
        {
            // Timed out: the caller checks the condition itself.
        }
        finally
        {
            lock (_gate)
            {
                _awaited.Remove(awaited);
            }
        }
    }
}
