using Backstop.Posix;
using Backstop.Server.Users;

namespace Backstop.Server.Delivery;

/// <content>Deliveries as other users than the one of this process.</content>
internal sealed partial class DeliveryQueue
{
    // So that no user takes all of the memory for what recipes have changed, each has a part of his own.
    private const long MaxRemadeOfUser = 16 << 20;

    // How long a stop waits for the present batches of other users.
    private static readonly TimeSpan _userPatience = TimeSpan.FromSeconds(5);

    private readonly UserThreads _users = new();
    private readonly Dictionary<UserAccount, long> _remadeOf = [];

    /// <summary>The helpers that deliver as other users; null where there is no other user. Disposed of with this.</summary>
    internal UserHelpers? Helpers { get; init; }

    private void Deliver(FolderQueue queue, List<Copy> batch)
    {
        if (queue.Place.User is not null && _stopped.IsSet)
        {
            Finish(queue, batch, [], null);
            return;
        }

        var delivered = queue.Deliver(batch, _spool, queue.Lane == Lane.Flood ? StandBack : null, out var error);
        Finish(queue, batch, delivered, error);
    }

    private void Look(FolderQueue queue)
    {
        queue.Look(out var error);
        lock (_gate)
        {
            queue.Workers--;
            if (error is not null)
            {
                queue.PutBack([], error);
                Rest(queue);
            }

            _ready.Offer(queue);
            Tell();
        }

        if (error is not null)
        {
            _metrics.DeliveryFailed();
            LogFailed(queue.Folder.Path, queue.Folder.Folder, error.Message, queue.Count, queue.RetryAt);
        }
    }

    // What users' helpers do ends, or they do.
    private void EndUsers()
    {
        _users.Join(_userPatience);
        Helpers?.Dispose();
        _users.Join(Timeout.InfiniteTimeSpan);
    }

    private void NoteRemade(UserAccount? user, long octets)
    {
        if (user is null)
        {
            Interlocked.Add(ref _remade, octets);
        }
        else if (octets != 0 && (_remadeOf[user] = _remadeOf.GetValueOrDefault(user) + octets) == 0)
        {
            _remadeOf.Remove(user);
        }
    }

    private bool HasTooMuchOf(UserAccount user)
    {
        lock (_gate)
        {
            return _remadeOf.GetValueOrDefault(user) > MaxRemadeOfUser;
        }
    }
}
