using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Backstop.Clean;

/// <summary>Works on many messages in parallel, on all cores.</summary>
internal static class OnAllCores
{
    private const int Batch = 64;

    /// <summary>Takes items in batches, from one thread at a time, and works on the batches in parallel.</summary>
    /// <param name="items">The items. No more of them are taken than are being worked on.</param>
    /// <param name="work">Works on one item; null leaves the item out of the result.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>The results, in no particular order.</returns>
    public static List<TResult> Run<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult?> work, CancellationToken ct)
        where TResult : class
    {
        var all = new List<TResult>();
        var options = new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount };
        try
        {
            Parallel.ForEach(
                Partitioner.Create(items.Chunk(Batch), EnumerablePartitionerOptions.NoBuffering),
                options,
                () => new List<TResult>(),
                (batch, _, found) =>
                {
                    foreach (var item in batch)
                    {
                        if (work(item) is { } result)
                        {
                            found.Add(result);
                        }
                    }

                    return found;
                },
                found =>
                {
                    lock (all)
                    {
                        all.AddRange(found);
                    }
                });
        }
        catch (AggregateException error)
        {
            // Several threads may fail for the same cause; the first failure is enough for the message.
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }

        return all;
    }
}
