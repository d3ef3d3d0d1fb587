using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Backstop.StormGenerator;

/// <summary>How many messages a storm has.</summary>
/// <param name="Bounces">Bounces for mail that was never sent.</param>
/// <param name="Genuine">Bounces for mail that was sent.</param>
/// <param name="Legit">Mails from people.</param>
internal readonly record struct StormSize(int Bounces, int Genuine, int Legit)
{
    public int Total => Bounces + Genuine + Legit;
}

/// <summary>How fast a storm comes.</summary>
/// <param name="Connections">How many connections at once.</param>
/// <param name="Rate">The most messages a second; 0 for no limit.</param>
internal readonly record struct StormPace(int Connections, double Rate);

/// <summary>Sends the messages of a storm in mixed order, over several connections at once, within a rate.</summary>
internal sealed class StormSender(IPEndPoint server, StormMail mail, StormPace pace, TimeProvider time)
{
    private const int MaxTries = 6;
    private readonly ConcurrentBag<StormResult> _results = [];
    private int _next;
    private long _started;

    /// <summary>How many messages are finished.</summary>
    public int Finished => _results.Count;

    public async Task<(IReadOnlyCollection<StormResult> Results, double Seconds)> RunAsync(
        IReadOnlyList<(GeneratedKind Kind, int Number)> plan, CancellationToken ct)
    {
        _started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, pace.Connections).Select(_ => WorkAsync(plan, ct)));
        return (_results, Stopwatch.GetElapsedTime(_started).TotalSeconds);
    }

    /// <summary>Returns the kinds of the messages in an order that the seed shuffles.</summary>
    public static (GeneratedKind Kind, int Number)[] Plan(int seed, StormSize size)
    {
        var plan = Enumerable.Repeat(GeneratedKind.Bounce, size.Bounces)
            .Concat(Enumerable.Repeat(GeneratedKind.Genuine, size.Genuine))
            .Concat(Enumerable.Repeat(GeneratedKind.Legit, size.Legit)).ToArray();
        new Random(seed).Shuffle(plan);
        return [.. plan.Select((kind, number) => (kind, number))];
    }

    private async Task WorkAsync(IReadOnlyList<(GeneratedKind Kind, int Number)> plan, CancellationToken ct)
    {
        while (Interlocked.Increment(ref _next) - 1 is var index && index < plan.Count)
        {
            await PaceAsync(index, ct);
            _results.Add(await SendAsync(mail.Make(plan[index].Kind, plan[index].Number), ct));
        }
    }

    private async Task PaceAsync(int index, CancellationToken ct)
    {
        var due = pace.Rate <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(index / pace.Rate) - Stopwatch.GetElapsedTime(_started);
        if (due > TimeSpan.Zero)
        {
            await Task.Delay(due, time, ct);
        }
    }

    // Wanted mail that was deferred is sent again, as its server would do.
    private async Task<StormResult> SendAsync(StormMessage message, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            var result = await StormClient.SendAsync(server, message, time, ct);
            if (result.Code is < 400 or >= 500 || message.Kind == GeneratedKind.Bounce || tries == MaxTries)
            {
                return result;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200 << tries), time, ct);
        }
    }
}
