namespace Backstop.Server.Delivery;

/// <content>Says which messages wait, where, and why.</content>
internal sealed partial class DeliveryQueue
{
    /// <summary>The ids of all waiting messages, oldest first.</summary>
    internal ulong[] Ids()
    {
        lock (_gate)
        {
            var ids = _messages.Keys.ToArray();
            Array.Sort(ids);
            return ids;
        }
    }

    /// <summary>Returns where the copies of a message are; null where it does not wait any more.</summary>
    internal MessageReport? Report(ulong id)
    {
        lock (_gate)
        {
            return _messages.TryGetValue(id, out var message)
                ? new(
                    message.Entry, message.IsHeld, message.UnderWay > 0,
                    [.. Enumerable.Range(0, message.Copies).Select(c => Report(message, c))])
                : null;
        }
    }

    private static bool Rests(InDelivery message)
    {
        var rests = message.UnderWay == 0;
        for (var target = 0; target < message.Copies; target++)
        {
            var copy = message[target];
            rests &= copy.Place switch
            {
                CopyPlace.Folder => copy.Queue is { IsResting: true, Error: not null },
                CopyPlace.Recipes => copy.Job is not null,
                _ => copy.Place != CopyPlace.Scan,
            };
        }

        return rests;
    }

    private CopyReport Report(InDelivery message, int target)
    {
        var copy = message[target];
        var aim = message.Entry.AimOf(target);
        var folder = copy.Queue?.Folder ?? copy.Job?.Recipes.Inbox ?? PlaceOf(message, target)?.Folder ?? aim.Folder;
        return copy.Place switch
        {
            CopyPlace.Folder when copy.Queue is { Error: { } error } queue =>
                new(aim.Mailbox, folder, copy.Place, error, queue.Failures, queue.RetryAt) { IsOverQuota = queue.IsOverQuota },
            CopyPlace.Recipes when copy.Job is { } job => new(aim.Mailbox, folder, copy.Place, job.Error, job.Failures, job.RetryAt),
            _ => new(aim.Mailbox, folder, copy.Place, "", 0, null),
        };
    }
}
