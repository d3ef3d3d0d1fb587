using System.Collections.Concurrent;
using System.Data.Common;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Backstop.Configuration.Options;
using Backstop.State;

namespace Backstop.Judging.Clients;

/// <summary>
/// Decides whether the mail of a stranger waits for its next try. Sender domain, network and recipient make a first try; once one
/// has come again, the domain waits no more from that network.
/// </summary>
/// <remarks>
/// RFC 6647 §5: networks and domains, because large senders try again from another host, and lists write from an address a message.
/// Held in memory, bounded, and written to the table at intervals, so that a restart makes nobody wait again. While the table
/// cannot be used, and for a day after it was lost, nobody waits.
/// </remarks>
internal sealed class Greylist
{
    /// <summary>The most networks and domains whose mail has come again.</summary>
    internal const int Max = 100_000;

    private const int DigestOctets = 8;

    private static readonly TimeSpan _lostFor = TimeSpan.FromDays(1);
    private static readonly TimeSpan _refreshEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan _overlap = TimeSpan.FromMinutes(1);

    private readonly GreylistOptions _options;
    private readonly GreylistTable _table;
    private readonly StoreHealth _health;
    private readonly TimeProvider _time;
    private readonly FirstTries _tries;
    private readonly ConcurrentDictionary<(IPAddress Network, string What), DateTimeOffset> _passed = new();
    private volatile bool _isRead;
    private DateTimeOffset _writtenAt;
    private DateTimeOffset _forgotAt;

    /// <summary>Reads what an earlier run has left.</summary>
    /// <param name="options">How long strangers wait.</param>
    /// <param name="table">Keeps the list over a restart.</param>
    /// <param name="health">The table's health.</param>
    /// <param name="time">The clock, which never goes back.</param>
    public Greylist(GreylistOptions options, GreylistTable table, StoreHealth health, TimeProvider time)
    {
        (_options, _table, _health, _time) = (options, table, health, time);
        _tries = new(options.Wait, time, options.RetryWithin);
        _writtenAt = time.GetUtcNow();
        Read();
    }

    /// <summary>How many entries are in memory.</summary>
    internal int Count => _passed.Count + _tries.Count;

    /// <summary>Whether a recipient is deferred.</summary>
    /// <param name="client">The client; its network counts.</param>
    /// <param name="domain">The sender's domain as a key.</param>
    /// <param name="person">The recipient's mailbox.</param>
    /// <param name="isKnown">Asks whether the recipient knows the sender; called only where that decides.</param>
    public bool Defers(IPAddress client, string domain, string person, Func<bool> isKnown)
    {
        var now = _time.GetUtcNow();
        var sender = (FirstTries.Network(client), Digest(domain));
        if (_passed.TryGetValue(sender, out var last) && now - last < _options.PassedFor)
        {
            if (now - last > _refreshEvery)
            {
                Pass(sender, now);
            }

            return false;
        }

        if (!_isRead || _health.State.Fault is not null)
        {
            return false;
        }

        if (_health.IsLost(_lostFor))
        {
            Pass(sender, now);
            return false;
        }

        if (isKnown())
        {
            return false;
        }

        var found = _tries.Look(client, Digest(domain + "\n" + person));
        if (found == FirstTry.Again)
        {
            Pass(sender, now);
        }

        return found == FirstTry.Deferred;
    }

    /// <summary>Looks whether the table can be used again. To be called every few seconds.</summary>
    public void Check()
    {
        _table.Check();
        Read();
    }

    /// <summary>Drops what is old, and writes what is new. To be called every minute, and at the end.</summary>
    public void Write()
    {
        var now = _time.GetUtcNow();
        _tries.Forget();
        foreach (var entry in _passed.Where(p => now - p.Value >= _options.PassedFor))
        {
            _passed.TryRemove(entry);
        }

        if (!_isRead)
        {
            return;
        }

        try
        {
            var since = _writtenAt - _overlap;
            _table.Write([
                .. _tries.Since(since).Select(t => new GreylistEntry(t.Network, t.Victim, IsPassed: false, t.First)),
                .. _passed.Where(p => p.Value >= since).Select(p => new GreylistEntry(p.Key.Network, p.Key.What, IsPassed: true, p.Value)),
            ]);
            _writtenAt = now;
            if (now - _forgotAt > _refreshEvery)
            {
                _table.Forget(now - _options.RetryWithin, now - _options.PassedFor);
                _forgotAt = now;
            }
        }
        catch (DbException)
        {
            // The watch over the stores reports this failure. It is tried again with the next write.
        }
    }

    private void Pass((IPAddress Network, string What) sender, DateTimeOffset now)
    {
        // Where the list is full, who is not in it waits once for each recipient, and gets through as well.
        if (_passed.Count < Max || _passed.ContainsKey(sender))
        {
            _passed[sender] = now;
        }
    }

    private void Read()
    {
        if (_isRead)
        {
            return;
        }

        try
        {
            var now = _time.GetUtcNow();
            foreach (var entry in _table.Read(isPassed: true, Max).Where(e => now - e.At < _options.PassedFor))
            {
                _passed.TryAdd((entry.Network, entry.What), entry.At);
            }

            foreach (var entry in _table.Read(isPassed: false, FirstTries.Max).Where(e => now - e.At < _options.RetryWithin))
            {
                _tries.Restore(entry.Network, entry.What, entry.At);
            }

            _isRead = true;
        }
        catch (DbException)
        {
            // Nobody waits until it can be read.
        }
    }

    // A domain may have 255 octets, and whoever sends chooses it. Two with the same digest only wait less.
    private static string Digest(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, DigestOctets);
}
