using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>
/// A store of the data folder, damaged in every way, at the start and while the server runs: mail flows, what is proved still is,
/// nothing is refused that would not be, and log, status and health name the right file.
/// </summary>
/// <param name="store">Its name.</param>
public abstract class DamagedStoreTests(string store) : IDisposable
{
    private static readonly string[] _damages = [
        "garbage page", "bad header", "truncated", "empty", "directory", "read-only", "locked", "disk full"];

    private readonly StoreDamage _damage = new();

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (var damage in _damages)
            {
                cases.Add(damage, true);
                cases.Add(damage, false);
            }

            return cases;
        }
    }

    public void Dispose()
    {
        _damage.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Mail_goes_on_and_the_right_file_is_named(string damage, bool atStart)
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                StoreDamage.Configure(o, store);
                _damage.Seed(o);
                if (atStart)
                {
                    _damage.Damage(StoreDamage.PathOf(o, store), damage);
                }
            },
            _damage.Time,
            l => l.AddProvider(_damage.Log));
        if (!atStart)
        {
            _damage.Damage(StoreDamage.PathOf(server.Options, store), damage);
        }

        await StoreDamage.CheckAsync(server, store, damage);

        // Who gathers in memory writes once a minute, storms every ten seconds: a store that cannot be written is found out by then.
        for (var i = 0; i < 7; i++)
        {
            _damage.Time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        await StoreDamage.CheckAsync(server, store, damage);
        Assert.InRange(_damage.Log.All.Count(l => l.Contains(StoreDamage.PathOf(server.Options, store), StringComparison.Ordinal)), 0, 2);

        if (atStart)
        {
            return;
        }

        // What nobody met while it ran is met at the next start.
        _damage.Release();
        await server.RestartAsync();
        await StoreDamage.CheckAsync(server, store, damage);
    }
}

/// <summary>What was sent.</summary>
public sealed class DamagedJournalTests() : DamagedStoreTests("journal");

/// <summary>Who writes to whom.</summary>
[Trait("run", "full")]
public sealed class DamagedCorrespondentsTests() : DamagedStoreTests("correspondents");

/// <summary>What the learner has learned.</summary>
[Trait("run", "full")]
public sealed class DamagedBayesTests() : DamagedStoreTests("bayes");

/// <summary>The records of storms.</summary>
[Trait("run", "full")]
public sealed class DamagedStormsTests() : DamagedStoreTests("storms");
