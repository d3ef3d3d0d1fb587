using System.Collections.Concurrent;
using System.Net;

namespace Backstop.MailAuth.Dnsbl;

/// <summary>Looks up the IPv4 addresses of a name; returns none if the name does not exist.</summary>
/// <param name="name">A full DNS name without the final dot.</param>
/// <param name="ct">Cancels the lookup.</param>
/// <exception cref="DnsLookupException">DNS gave no usable answer.</exception>
public delegate Task<IReadOnlyList<IPAddress>> AddressLookup(string name, CancellationToken ct);

/// <summary>Whether a list's answers are trusted.</summary>
public enum DnsblState
{
    /// <summary>The test points have not been checked yet: the list is not asked.</summary>
    Untested,

    /// <summary>The test points are right.</summary>
    Working,

    /// <summary>The list lists everything, or answers outside 127/8: not asked until a test succeeds.</summary>
    ListsEverything,

    /// <summary>The test points are not listed: the list is closed, or refuses us. Not asked until a test succeeds.</summary>
    Gone,
}

/// <summary>
/// One DNSBL. Every failure means "not listed". A listing counts only if the list's test points were right lately: they
/// are checked again if the last check is a minute old, and sooner if the list lists many addresses (<see
/// cref="TestPoints"/>).
/// </summary>
/// <param name="name">The zone, such as <c>ips.backscatterer.org</c>.</param>
/// <param name="lookup">Queries DNS.</param>
/// <param name="options">How the list is queried.</param>
/// <param name="time">The clock.</param>
public sealed class DnsblZone(string name, AddressLookup lookup, DnsblOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<IPAddress, Answer> _cache = new();
    private readonly ConcurrentDictionary<IPAddress, Task<bool>> _asking = new();
    private readonly TestPoints _testPoints = new(time);
    private readonly Breaker _breaker = new(options.BreakAfter, options.Rest, time);
    private int _generation;
    private volatile string? _error;

    /// <summary>The zone, such as <c>ips.backscatterer.org</c>.</summary>
    public string Name => name;

    /// <summary>Whether the list's answers are trusted.</summary>
    public DnsblState State { get; private set; }

    /// <summary>Whether the list is not asked now because of failures.</summary>
    public bool Rests => _breaker.Rests;

    /// <summary>Why the list lists nobody; null where its answers are used, or it has not been tested yet.</summary>
    public string? Trouble => State switch
    {
        DnsblState.ListsEverything => "it lists every address, or its answers are not codes (test points of RFC 5782)",
        DnsblState.Gone => "its test points are not listed: the list is closed, or does not serve this resolver",
        DnsblState.Working => _breaker.IsBroken ? $"DNS gives no answer: {_error}" : null,
        _ => _error is { } error ? $"DNS gives no answer: {error}" : null,
    };

    /// <summary>Whether the last lookup failed, so that nothing is known of the list until DNS answers again.</summary>
    internal bool IsSilent => _error is not null;

    private long Now => time.GetUtcNow().UtcTicks;

    /// <summary>Whether an address is listed.</summary>
    /// <param name="address">The client.</param>
    /// <param name="ct">Cancels the wait.</param>
    public ValueTask<bool> IsListedAsync(IPAddress address, CancellationToken ct)
    {
        if (State != DnsblState.Working)
        {
            return new(false);
        }

        if (_cache.TryGetValue(address, out var known) && known.Until > Now && known.Generation == Volatile.Read(ref _generation))
        {
            return new(known.Listed);
        }

        if (!_asking.ContainsKey(address) && (_asking.Count >= options.MaxConcurrent || !_breaker.MayAsk()))
        {
            return new(false);
        }

        // One lookup per address, however many of its connections wait for it.
        var task = _asking.GetOrAdd(address, static (a, zone) => zone.AskOnceAsync(a), this);
        if (!task.IsCompleted)
        {
            return new(task.WaitAsync(ct));
        }

        // The lookup ended before it was stored, and could not remove itself: left here, its answer would never expire.
        _asking.TryRemove(KeyValuePair.Create(address, task));
        return new(task);
    }

    /// <summary>Checks the test points of RFC 5782 §5: 127.0.0.2 must be listed, 127.0.0.1 must not.</summary>
    /// <param name="ct">Cancels the check.</param>
    public async Task TestAsync(CancellationToken ct)
    {
        try
        {
            // Both at once, because a client may be waiting for the result.
            var mustNotBe = LookupAsync(new IPAddress([127, 0, 0, 1]), ct);
            var mustBe = LookupAsync(new IPAddress([127, 0, 0, 2]), ct);
            await Task.WhenAll(mustNotBe, mustBe);
            var (mustNot, must) = (await mustNotBe, await mustBe);
            Become(mustNot.Count > 0 || must.Any(a => !IsCode(a)) ? DnsblState.ListsEverything
                : must.Any(IsListing) ? DnsblState.Working
                : DnsblState.Gone);
            _testPoints.NoteLook();
            _error = null;
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            // Without an answer nothing is known about the list's content; the breaker handles silence.
            Failed(error);
        }
    }

    private async Task<bool> AskOnceAsync(IPAddress address)
    {
        try
        {
            var generation = Volatile.Read(ref _generation);
            var answers = await LookupAsync(address, CancellationToken.None);
            if (answers.Any(a => !IsCode(a)))
            {
                // ips.backscatterer.org answered 62.0.58.94 to everything in May 2023: a parked domain lists every
                // address.
                Become(DnsblState.ListsEverything);
                return false;
            }

            // Any answer fails the test, 127.0.0.1 too: sinkholes and lists with a new owner answer so to every name.
            if (answers.Count > 0 && !await _testPoints.AreKnownAsync(TestAsync))
            {
                return false;
            }

            _breaker.Succeeded();
            _error = null;
            var listed = answers.Any(IsListing);
            Remember(address, listed, generation);
            return listed && State == DnsblState.Working;
        }
        catch (Exception error)
        {
            // Whatever the resolver or its library throws means "not listed": a bug there must not end a session.
            Failed(error);
            return false;
        }
        finally
        {
            _asking.TryRemove(address, out _);
        }
    }

    // The text before the breaker, so that whoever sees it broken finds the reason.
    private void Failed(Exception error)
    {
        _error = error is OperationCanceledException ? "none within the time limit" : error.Message;
        _breaker.Failed();
    }

    private void Become(DnsblState state)
    {
        if (state == DnsblState.Working)
        {
            _breaker.Succeeded();
        }
        else if (State == DnsblState.Working)
        {
            // Answers from before the failed test are not trusted either, not even when the list works again.
            Interlocked.Increment(ref _generation);
        }

        State = state;
    }

    private async Task<IReadOnlyList<IPAddress>> LookupAsync(IPAddress address, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(options.TimeLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        return await lookup(DnsblName.Of(address, name), both.Token).WaitAsync(both.Token);
    }

    private void Remember(IPAddress address, bool listed, int generation)
    {
        if (_cache.Count >= options.CacheSize)
        {
            Prune();
        }

        _cache[address] = new(listed, Now + (listed ? options.ListedFor : options.UnlistedFor).Ticks, generation);
    }

    private void Prune()
    {
        var now = Now;
        foreach (var (address, answer) in _cache)
        {
            if (answer.Until <= now)
            {
                _cache.TryRemove(address, out _);
            }
        }

        if (_cache.Count >= options.CacheSize)
        {
            _cache.Clear();
        }
    }

    // RFC 5782 §2.1: answers are codes in 127/8.
    private static bool IsCode(IPAddress answer) => answer.GetAddressBytes() is [127, _, _, _];

    private bool IsListing(IPAddress answer) => options.Codes.Any(c => c.Contains(answer));

    private readonly record struct Answer(bool Listed, long Until, int Generation);
}
