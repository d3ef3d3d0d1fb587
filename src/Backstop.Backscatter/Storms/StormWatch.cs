using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter.Storms;

/// <summary>Watches all victims and campaigns, and keeps the present storms. Thread-safe.</summary>
/// <remarks>
/// Each message counts twice: for its victim, and for its mailing. A forger who uses a thousand addresses of a domain
/// causes no storm at any of them, but causes one in sum.
/// </remarks>
/// <param name="rule">When a storm begins and ends.</param>
public sealed class StormWatch(StormRule rule)
{
    // A victim's first messages belong to its storm; this many are kept until there is one.
    private const int MaxEarly = 64;
    private const int MaxWatched = 20_000;
    private const int MinVictims = 5;
    private const string CampaignPrefix = "campaign:";

    private readonly StormRule _spreadRule = rule with { Sources = Math.Max(MinVictims, rule.Sources) };

    private static readonly TimeSpan _early = TimeSpan.FromMinutes(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Victim, StormKind Kind), Watched> _watched = [];

    /// <summary>Called for each storm that begins or ends, outside any lock.</summary>
    public Action<StormRecord>? Changed { get; set; }

    /// <summary>The present storms.</summary>
    public IReadOnlyList<StormRecord> Active
    {
        get
        {
            lock (_lock)
            {
                return [.. _watched.Values.Where(w => w.Storm is not null).Select(w => w.Storm!.Record())];
            }
        }
    }

    /// <summary>The present storms, in one line each.</summary>
    public IReadOnlyList<StormSummary> Summaries
    {
        get
        {
            lock (_lock)
            {
                return ActiveCount == 0
                    ? []
                    : [
                    .. _watched.Values.Where(w => w.Storm is not null).Select(w => w.Storm!.Summary()).OrderBy(s => s.Started).ThenBy(
                        s => s.Id, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The number of present storms; cheap.</summary>
    public int ActiveCount { get; private set; }

    /// <summary>Whether there is a storm of that kind at that victim.</summary>
    /// <param name="victim">A mailbox's address.</param>
    /// <param name="kind">What the messages are.</param>
    public bool IsStorm(string victim, StormKind kind)
    {
        if (ActiveCount == 0)
        {
            return false;
        }

        lock (_lock)
        {
            return _watched.TryGetValue((victim, kind), out var watched) && watched.Storm is not null;
        }
    }

    /// <summary>Returns when the storm of that kind at that victim began; null if there is none.</summary>
    /// <param name="victim">A mailbox's address.</param>
    /// <param name="kind">What the messages are.</param>
    public DateTimeOffset? Since(string victim, StormKind kind)
    {
        lock (_lock)
        {
            return _watched.TryGetValue((victim, kind), out var watched) ? watched.Storm?.Started : null;
        }
    }

    /// <summary>Whether there is a storm of that mailing, whoever gets it.</summary>
    /// <param name="shape">The campaign's shape.</param>
    /// <param name="kind">What the messages are.</param>
    public bool IsCampaign(string shape, StormKind kind) => IsStorm(CampaignPrefix + shape, kind);

    /// <summary>Returns the present rate a minute at a victim.</summary>
    /// <param name="victim">A mailbox's address.</param>
    /// <param name="kind">What the messages are.</param>
    /// <param name="now">The time.</param>
    public double RatePerMinute(string victim, StormKind kind, DateTimeOffset now)
    {
        lock (_lock)
        {
            return _watched.TryGetValue((victim, kind), out var watched) ? watched.Meter.RatePerMinute(now) : 0;
        }
    }

    /// <summary>Counts an unwanted message.</summary>
    /// <param name="sighting">The message.</param>
    /// <param name="now">The time.</param>
    public void Add(in StormSighting sighting, DateTimeOffset now)
    {
        StormRecord? begun;
        StormRecord? spread = null;
        lock (_lock)
        {
            begun = Count((sighting.Victim, sighting.Kind), sighting, sighting.Source, now);
            if (sighting is { TellsMailing: true, Campaign: { Shape.Length: > 0 } campaign })
            {
                spread = Count((CampaignPrefix + campaign.Shape, sighting.Kind), sighting, sighting.Victim, now);
            }
        }

        Tell(begun);
        Tell(spread);
    }

    /// <summary>
    /// Ends storms that are over, and drops victims that have long been calm. To be called every few seconds.
    /// </summary>
    /// <param name="now">The time.</param>
    public void Tick(DateTimeOffset now)
    {
        List<StormRecord> over = [];
        lock (_lock)
        {
            foreach (var watched in _watched.Values)
            {
                if (watched.Meter.Ends(now) && watched.Storm is { } storm)
                {
                    storm.Ended = now;
                    over.Add(storm.Record());
                    watched.Storm = null;
                    ActiveCount--;
                }
            }

            Forget(now);
        }

        over.ForEach(Tell);
    }

    /// <summary>Continues a storm that an earlier run left unfinished.</summary>
    /// <param name="record">Its stored record.</param>
    /// <param name="now">The time.</param>
    public void Resume(StormRecord record, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(record);
        lock (_lock)
        {
            var storm = Storm.From(record);
            var watched = Watch((storm.Victim, storm.Kind), now);
            if (watched.Storm is null)
            {
                watched.Meter.Resume(now);
                watched.Storm = storm;
                ActiveCount++;
            }
        }
    }

    private StormRecord? Count((string Victim, StormKind Kind) key, in StormSighting sighting, string source, DateTimeOffset now)
    {
        var watched = Watch(key, now);
        var begins = watched.Meter.Add(source, now, sighting.Network);
        if (watched.Storm is { } storm)
        {
            storm.Add(sighting, now);
            return null;
        }

        // Reports are large, and nearly all watched victims never have a storm.
        watched.Early.Enqueue((sighting with { Report = null }, now));
        while (watched.Early.Count > MaxEarly || now - watched.Early.Peek().At > _early)
        {
            watched.Early.Dequeue();
        }

        return begins ? Begin(watched, key, sighting.Report) : null;
    }

    private StormRecord Begin(Watched watched, (string Victim, StormKind Kind) key, BounceReport? report)
    {
        var storm = watched.Storm = new(key.Kind, key.Victim, watched.Early.Peek().At);
        ActiveCount++;
        foreach (var (seen, at) in watched.Early)
        {
            storm.Add(seen, at);
        }

        watched.Early.Clear();
        storm.Exemplify(report);
        return storm.Record();
    }

    private Watched Watch((string Victim, StormKind Kind) key, DateTimeOffset now)
    {
        if (!_watched.TryGetValue(key, out var watched))
        {
            if (_watched.Count >= MaxWatched)
            {
                Forget(now, atLeast: MaxWatched / 10);
            }

            _watched[key] = watched = new(key.Victim.StartsWith(CampaignPrefix, StringComparison.Ordinal) ? _spreadRule : rule);
        }

        return watched;
    }

    // The victims that have been silent longest are dropped first, so that invented names displace nobody else.
    private void Forget(DateTimeOffset now, int atLeast = 0)
    {
        var silent = _watched.Where(w =>
            w.Value.Storm is null && now - w.Value.Meter.LastSeen > (
                w.Key.Victim.StartsWith(CampaignPrefix, StringComparison.Ordinal) ? _early : TimeSpan.FromDays(14)))
            .Select(w => w.Key).ToList();
        if (silent.Count < atLeast)
        {
            silent = [.. _watched.Where(w => w.Value.Storm is null).OrderBy(w => w.Value.Meter.LastSeen).Take(atLeast).Select(w => w.Key)];
        }

        silent.ForEach(k => _watched.Remove(k));
    }

    private void Tell(StormRecord? record)
    {
        if (record is not null)
        {
            Changed?.Invoke(record);
        }
    }

    private sealed class Watched(StormRule rule)
    {
        public StormMeter Meter { get; } = new(rule);

        public Queue<(StormSighting Seen, DateTimeOffset At)> Early { get; } = [];

        public Storm? Storm { get; set; }
    }
}
