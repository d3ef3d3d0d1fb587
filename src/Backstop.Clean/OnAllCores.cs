using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Backstop.Clean;

/// <summary>Looks at many messages on all cores.</summary>
internal static class OnAllCores
{
    private const int Batch = 64;

    /// <summary>Takes the items a batch at a time, one thread at a time, and works on the batches side by side.</summary>
    /// <param name="items">What to look at; never more of it is taken than is being worked on.</param>
    /// <param name="work">Looks at one; null leaves it out.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>What was found, in no order.</returns>
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
            // Many threads may fail alike; one line says it.
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }

        return all;
    }
}
