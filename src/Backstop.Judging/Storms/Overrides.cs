using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Configuration.Options;
using Backstop.Posix;
using Backstop.State;

namespace Backstop.Judging.Storms;

/// <summary>What a person has set by hand, until a time.</summary>
/// <param name="Subject">An address, a client's address or a network.</param>
/// <param name="Until">When it ends by itself.</param>
/// <param name="By">Who set it.</param>
internal sealed record Override(string Subject, DateTimeOffset Until, string By);

/// <summary>All that is set by hand.</summary>
/// <param name="Strict">Addresses to which no bounce comes without proof in its envelope.</param>
/// <param name="Blocked">Hosts and networks whose bounces are refused.</param>
internal sealed record OverrideSet(IReadOnlyList<Override> Strict, IReadOnlyList<Override> Blocked)
{
    /// <summary>Nothing.</summary>
    public static OverrideSet None { get; } = new([], []);
}

/// <summary>Keeps what persons have set by hand over restarts.</summary>
internal sealed class Overrides
{
    private const int MaxEach = 1000;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly StoreHealth? _health;
    private readonly Lock _gate = new();
    private bool _isUnread;
    private volatile OverrideSet _set;
    private volatile IReadOnlyList<(IPNetwork Network, DateTimeOffset Until)> _networks;

    public Overrides(string path, TimeProvider time, StoreHealth? health = null)
    {
        _path = path;
        _time = time;
        _health = health;
        _set = Read();
        _networks = InForce(_set);
    }

    /// <summary>What is in force.</summary>
    public OverrideSet Current
    {
        get
        {
            var now = _time.GetUtcNow();
            var set = _set;
            return new([.. set.Strict.Where(o => o.Until > now)], [.. set.Blocked.Where(o => o.Until > now)]);
        }
    }

    public bool IsStrict(string address)
    {
        var strict = _set.Strict;
        return strict.Count > 0 && strict.Any(o => o.Subject == address && o.Until > _time.GetUtcNow());
    }

    public bool IsBlocked(IPAddress client)
    {
        var networks = _networks;
        return networks.Count > 0 && networks.Any(n => n.Network.Contains(client) && n.Until > _time.GetUtcNow());
    }

    /// <summary>Sets strict mode for an address; an end that is past takes it away.</summary>
    /// <exception cref="IOException">It cannot be kept; what was set before stays.</exception>
    public void SetStrict(Override value) => Change(s => s with { Strict = With(s.Strict, value) });

    /// <summary>Blocks a host or network; an end that is past takes it away.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    /// <exception cref="IOException">It cannot be kept; what was set before stays.</exception>
    public void SetBlocked(Override value)
    {
        var network = Networks.Parse(value.Subject)
            ?? throw new FormatException($"{value.Subject} is neither an address nor a network such as 192.0.2.0/24");
        Change(s => s with { Blocked = With(s.Blocked, value with { Subject = Text(network) }) });
    }

    private static string Text(IPNetwork network) =>
        network.PrefixLength is 32 or 128 ? network.BaseAddress.ToString() : network.ToString();

    private List<Override> With(IReadOnlyList<Override> all, Override value)
    {
        var now = _time.GetUtcNow();
        return [.. all.Where(o =>
            o.Subject != value.Subject && o.Until > now).TakeLast(MaxEach - 1), .. value.Until > now ? [value] : Array.Empty<Override>()];
    }

    private void Change(Func<OverrideSet, OverrideSet> change)
    {
        lock (_gate)
        {
            ReadAgain();
            var changed = change(_set);
            Folders.Make(Path.GetDirectoryName(_path)!);
            File.WriteAllText(_path + ".new", JsonSerializer.Serialize(changed, OverrideJson.Default.OverrideSet));
            File.Move(_path + ".new", _path, overwrite: true);
            _networks = InForce(changed);
            _set = changed;
        }
    }

    private static List<(IPNetwork Network, DateTimeOffset Until)> InForce(OverrideSet set) =>
        [.. set.Blocked.Select(o =>
            (Network: Networks.Parse(o.Subject), o.Until)).Where(o => o.Network is not null).Select(o => (o.Network!.Value, o.Until))];

    // What lies there unread is not written over: it is read by now, or set aside, or stays.
    private void ReadAgain()
    {
        if (!_isUnread)
        {
            return;
        }

        _set = Read();
        if (_isUnread)
        {
            SetAside("it could not be read");
        }

        if (_isUnread)
        {
            throw new IOException($"{_path} cannot be read, and is not written over");
        }
    }

    // What somebody set by hand is a convenience: a file that cannot be read must not keep mail from coming.
    private OverrideSet Read()
    {
        _isUnread = false;
        try
        {
            if (Directory.Exists(_path))
            {
                SetAside("a folder where a file should be");
            }
            else if (File.Exists(_path))
            {
                var written = JsonSerializer.Deserialize(File.ReadAllText(_path), OverrideJson.Default.OverrideSet);
                if (written is { Strict: not null, Blocked: not null } set
                    && set.Strict.Concat(set.Blocked).All(o => o is { Subject: not null }))
                {
                    _health?.Worked(isWrite: false);
                    return set;
                }

                SetAside("it has not what was written");
            }
        }
        catch (JsonException error)
        {
            SetAside(error.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _isUnread = true;
            _health?.Failed(StoreException.FaultOf(error), error.Message, isWrite: false);
        }

        return OverrideSet.None;
    }

    private void SetAside(string why) => _isUnread = _health?.SetAside(why) != true;
}

/// <summary>JSON of the overrides.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(OverrideSet))]
internal sealed partial class OverrideJson : JsonSerializerContext;
