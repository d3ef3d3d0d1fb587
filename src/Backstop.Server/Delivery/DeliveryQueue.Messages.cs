using Backstop.Mailboxes.Spool;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Delivery;

/// <content>The messages that wait, and where each of their copies is. All but the entry points are called with the lock held.</content>
internal sealed partial class DeliveryQueue
{
    private readonly Dictionary<ulong, InDelivery> _messages = [];
    private readonly List<(Func<bool> IsSo, TaskCompletionSource Task)> _awaited = [];
    private int _changes;

    /// <summary>Finds the folder of a copy, and whose it is, when it is delivered; null where it has no mailbox.</summary>
    internal Func<SpoolEntry, int, DeliveryPlace?> Find { get; init; } = static (entry, target) => new(entry.AimOf(target).Folder, null);

    /// <summary>Whether only messages are delivered that <see cref="TryNowAsync"/> is called for: no server runs here.</summary>
    internal bool IsIdle { get; init; }

    /// <summary>How many messages wait for a person: they are on hold, or have no mailbox.</summary>
    internal int Stopped
    {
        get
        {
            lock (_gate)
            {
                return _messages.Values.Count(IsStuck);
            }
        }
    }

    /// <summary>
    /// Finds the folders of waiting messages anew, because mailboxes were changed: those whose folder fails are tried at once, those
    /// without a mailbox may have one, and the others are looked at when their turn comes.
    /// </summary>
    internal void TargetsChanged()
    {
        lock (_gate)
        {
            _changes++;
            foreach (var message in _messages.Values)
            {
                for (var target = 0; target < message.Copies; target++)
                {
                    TryCopyNow(message, target);
                }
            }
        }
    }

    private static bool IsStuck(InDelivery message)
    {
        var isStuck = true;
        for (var target = 0; target < message.Copies && !message.IsHeld; target++)
        {
            isStuck &= message[target].Place is CopyPlace.NoMailbox or CopyPlace.Done or CopyPlace.Parked;
        }

        return isStuck;
    }

    private void Place(InDelivery message)
    {
        for (var target = 0; target < message.Copies; target++)
        {
            Place(message, target);
        }
    }

    private void Place(InDelivery message, int target)
    {
        ref var copy = ref message[target];
        if (copy.Place == CopyPlace.Done)
        {
            return;
        }

        copy.Place = CopyPlace.Parked;
        if (message.IsStopped || (IsIdle && !message.IsChosen))
        {
            return;
        }

        if (PlaceOf(message, target) is not { } place)
        {
            copy.Place = CopyPlace.NoMailbox;
            LogNoMailbox(message.Entry.QueueId, message.Entry.AimOf(target).Mailbox ?? message.Entry.AimOf(target).Folder.Path);
            return;
        }

        if (_recipes?.TryAdd(message, target, place.Folder) == true)
        {
            copy.Place = CopyPlace.Recipes;
            if (message.Replayed)
            {
                _undecided.Add(message.Entry.QueueId);
            }

            return;
        }

        copy.FoundAfter = _changes;
        Queue(
            message.Folders is { } late ? place with { Folder = place.Folder with { Folder = late[target] } } : place,
            new(message, target, copy.Version));
    }

    private DeliveryPlace? PlaceOf(InDelivery message, int target)
    {
        try
        {
            return Find(message.Entry, target);
        }
        catch (IOException)
        {
            // It cannot be read from the spool: its delivery fails and says so.
            return new(message.Entry.AimOf(target).Folder, null);
        }
    }

    // Whether a copy that is next in its queue is delivered now. One that is not leaves the queue.
    private bool MayTake(FolderQueue queue, Copy copy)
    {
        var message = copy.Message;
        ref var state = ref message[copy.Index];
        if (message.IsGone || state.Version != copy.Version)
        {
            Forget(copy);
            return false;
        }

        if (message.IsStopped)
        {
            if (copy.IsPlanned)
            {
                message.Park(queue.Place, copy);
            }
            else
            {
                state.Place = CopyPlace.Parked;
            }

            return false;
        }

        // Asked only where it may matter: a folder that failed may have failed because its mailbox was configured wrongly.
        if (!copy.IsPlanned && (queue.Failures > 0 || state.FoundAfter != _changes) && HasMoved(message, copy.Index, queue.Place))
        {
            Move(message, copy.Index);
            return false;
        }

        state.FoundAfter = _changes;

        message.UnderWay++;
        return true;
    }

    private bool HasMoved(InDelivery message, int target, DeliveryPlace place) =>
        PlaceOf(message, target) is not { } now || now.Folder.Format != place.Folder.Format || now.Folder.Path != place.Folder.Path
        || now.User != place.User;

    private void Move(InDelivery message, int target)
    {
        Withdraw(message, target);
        Place(message, target);
    }

    private void Forget(Copy copy)
    {
        if (copy.IsPlanned)
        {
            _planned--;
            NoteRemade(copy.User, -copy.Remade?.Length ?? 0);
        }
    }

    private bool BeginRecipes(RecipeJob job)
    {
        lock (_gate)
        {
            var message = job.Message;
            if (message.IsGone || message[job.Target].Version != job.Version)
            {
                Decided(message);
                return false;
            }

            if (message.IsStopped)
            {
                message[job.Target].Place = CopyPlace.Parked;
                Decided(message);
                return false;
            }

            if (!_recipes!.IsCurrent(job))
            {
                // The configuration has changed since it was put here.
                message[job.Target].Job = null;
                Decided(message);
                Move(message, job.Target);
                return false;
            }

            if (job.Failures > 0 && HasMoved(message, job.Target, new(job.Recipes.Inbox, job.Recipes.User)))
            {
                // In this order: recipes that it comes to then are waited for anew.
                Decided(message);
                Move(message, job.Target);
                return false;
            }

            message.UnderWay++;
            message[job.Target].Job = null;
            return true;
        }
    }

    // Recipes have decided on any number of copies; none where a program took the message or the recipes discarded it.
    private void AddPlanned(RecipeJob job, IReadOnlyList<RecipeCopy> plan)
    {
        var message = job.Message;
        lock (_gate)
        {
            message.UnderWay--;
            message.CopyBecomes(job.Target, plan.Count);
            _planned += plan.Count;
            for (var i = 0; i < plan.Count; i++)
            {
                var user = job.Recipes.User;
                NoteRemade(user, plan[i].Remade?.Length ?? 0);
                Queue(
                    new(plan[i].Folder, user),
                    new(message, Copy.TargetOf(job.Target, i), job.Version, plan[i].Remade) { User = user });
            }

            if (plan.Count == 0)
            {
                End(message, job.Target);
            }

            Decided(message);
            Tell();
        }
    }

    private void Postpone(RecipeJob job)
    {
        lock (_gate)
        {
            job.Message.UnderWay--;
            job.Message[job.Target].Job = job;
            Decided(job.Message);
            Tell();
        }
    }

    // Recipes have decided, or cannot decide now: folders that waited for this copy go on.
    private void Decided(InDelivery message)
    {
        if (message.Replayed && _undecided.Remove(message.Entry.QueueId))
        {
            foreach (var queue in _folders.Values)
            {
                _ready.Offer(queue);
            }
        }
    }

    private void Settle(List<Copy> batch, List<Copy> delivered)
    {
        batch.ForEach(c => c.Message.UnderWay--);
        foreach (var copy in delivered)
        {
            if (copy.Message.CopyDone(copy.Index))
            {
                End(copy.Message, copy.Index);
            }
        }
    }

    // A copy is delivered, and perhaps its message.
    private void End(InDelivery message, int target)
    {
        if (!message.IsFinished)
        {
            _spool.CopyDone(message.Entry, target);
            return;
        }

        Forget(message);
    }

    private void Remember(InDelivery message)
    {
        _messages[message.Entry.Id] = message;
        Volatile.Write(ref _waiting, _messages.Count);
    }

    private void Forget(InDelivery message)
    {
        message.IsGone = true;
        _spool.Done([message.Entry]);
        _messages.Remove(message.Entry.Id);
        Volatile.Write(ref _waiting, _messages.Count);
    }

    private void Withdraw(InDelivery message)
    {
        for (var target = 0; target < message.Copies; target++)
        {
            if (message[target].Place != CopyPlace.Done)
            {
                Withdraw(message, target);
            }
        }
    }

    // Whatever is queued for a copy is void from now on.
    private void Withdraw(InDelivery message, int target)
    {
        if (message[target].Job is { } job)
        {
            _recipes!.Drop(job);
        }

        foreach (var copy in message.Withdraw(target))
        {
            Forget(copy);
        }
    }

    private void TryCopyNow(InDelivery message, int target)
    {
        ref var copy = ref message[target];
        switch (copy.Place)
        {
            case CopyPlace.NoMailbox or CopyPlace.Parked when !message.IsStopped:
                Place(message, target);
                break;
            case CopyPlace.Recipes when copy.Job is { } job:
                copy.Job = null;
                _recipes!.TryNow(job);
                break;
            case CopyPlace.Folder when copy.Queue is { IsResting: true } queue:
                _resting.Remove(queue);
                Wake(queue);
                break;
        }
    }

    // Wakes those that wait until no copy of a message is under way.
    private void Tell()
    {
        foreach (var (_, task) in _awaited.Where(a => a.IsSo()))
        {
            task.TrySetResult();
        }
    }

    [LoggerMessage(
        3004, LogLevel.Warning,
        "{QueueId} waits: no mailbox has the address {Mailbox} any more; add it to [mailboxes], or redirect the message")]
    private partial void LogNoMailbox(string queueId, string mailbox);
}
