using Backstop.Posix;

namespace Backstop.Server.Delivery;

/// <summary>
/// A thread for each user who has something to do, as long as there is something: a helper of one user that hangs holds up nobody
/// else.
/// </summary>
internal sealed class UserThreads
{
    private readonly object _gate = new();
    private readonly Dictionary<UserAccount, Queue<Action>> _waiting = [];

    /// <summary>Does something behind all that waits for the user.</summary>
    /// <param name="user">The user.</param>
    /// <param name="work">What to do; it throws nothing.</param>
    public void Run(UserAccount user, Action work)
    {
        lock (_gate)
        {
            if (_waiting.TryGetValue(user, out var queue))
            {
                queue.Enqueue(work);
                return;
            }

            _waiting[user] = queue = new([work]);
            new Thread(() => Work(user, queue)) { IsBackground = true, Name = $"delivery as {user.Name}" }.Start();
        }
    }

    /// <summary>Waits until nothing is left to do.</summary>
    /// <param name="limit">How long at most.</param>
    public bool Join(TimeSpan limit)
    {
        lock (_gate)
        {
            while (_waiting.Count > 0)
            {
                if (!Monitor.Wait(_gate, limit))
                {
                    return false;
                }
            }

            return true;
        }
    }

    private void Work(UserAccount user, Queue<Action> queue)
    {
        while (true)
        {
            Action? work;
            lock (_gate)
            {
                if (!queue.TryDequeue(out work))
                {
                    _waiting.Remove(user);
                    Monitor.PulseAll(_gate);
                    return;
                }
            }

            work();
        }
    }
}
