namespace Backstop.Server.Delivery;

/// <summary>
/// The folders that have copies for a worker, in a queue for each lane; wakes a worker that may take one. Each call holds
/// the gate.
/// </summary>
/// <param name="gate">The lock that guards all folders; workers wait on it.</param>
internal sealed class ReadyFolders(object gate)
{
    private readonly bool[] _sleeps = new bool[2];
    private readonly Queue<FolderQueue>[] _ready = [new(), new()];
    private bool _stopping;

    /// <summary>Adds a folder whose copies a worker may take now; does nothing for any other.</summary>
    public void Offer(FolderQueue queue)
    {
        if (queue.MayTake)
        {
            queue.IsReady = true;
            _ready[(int)queue.Lane].Enqueue(queue);
            WakeFor(queue.Lane);
        }
    }

    /// <summary>Waits for a folder and takes it out.</summary>
    /// <param name="first">The lane that is looked at first.</param>
    /// <param name="last">The lane that is looked at where the first has no folder; the worker's name.</param>
    /// <returns>The folder; null once workers are to stop.</returns>
    public FolderQueue? Await(Lane first, Lane last)
    {
        FolderQueue? queue = null;
        while (!_stopping && !_ready[(int)first].TryDequeue(out queue) && !_ready[(int)last].TryDequeue(out queue))
        {
            _sleeps[(int)last] = true;
            Monitor.Wait(gate);
            _sleeps[(int)last] = false;
        }

        if (_stopping || queue is null)
        {
            return null;
        }

        queue.IsReady = false;
        return queue;
    }

    /// <summary>Makes all workers stop after their present batch.</summary>
    public void Stop()
    {
        _stopping = true;
        Monitor.PulseAll(gate);
    }

    // Both workers take real mail; only the second takes the flood. A worker that is awake looks for work by itself.
    private void WakeFor(Lane lane)
    {
        if (_sleeps[(int)Lane.Flood])
        {
            Monitor.PulseAll(gate);
        }
        else if (lane == Lane.Real && _sleeps[(int)Lane.Real])
        {
            Monitor.Pulse(gate);
        }
    }
}
