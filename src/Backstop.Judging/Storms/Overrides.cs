using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Configuration.Options;
using Backstop.Posix;
using Backstop.State;

namespace Backstop.Judging.Storms;

/// <summary>A setting made by hand that ends at a given time.</summary>
/// <param name="Subject">An address, a client's address or a network.</param>
/// <param name="Until">When it ends.</param>
/// <param name="By">The person who set it.</param>
internal sealed record Override(string Subject, DateTimeOffset Until, string By);

/// <summary>All settings made by hand.</summary>
/// <param name="Strict">Addresses that accept bounces only with proof in the envelope.</param>
/// <param name="Blocked">Hosts and networks whose bounces are refused.</param>
internal sealed record OverrideSet(IReadOnlyList<Override> Strict, IReadOnlyList<Override> Blocked)
{
    /// <summary>No settings.</summary>
    public static OverrideSet None { get; } = new([], []);
}

/// <summary>Stores the settings made by hand, so that they survive a restart.</summary>
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

    /// <summary>The settings in force.</summary>
    public OverrideSet Current
    {
        get
        {
            var now = _time.GetUtcNow();
            var set = _set;
            return new([.. set.Strict.Where(o => o.Until > now)], [.. set.Blocked.Where(o => o.Until > now)]);
        }
    }

    /// <summary>Takes up what somebody has written into the file; without one all stays.</summary>
    /// <exception cref="InvalidDataException">Its content is not what it should be; the earlier settings stay in force.</exception>
    /// <exception cref="IOException">It cannot be read; the earlier settings stay in force.</exception>
    public void ReadAnew()
    {
        lock (_gate)
        {
            try
            {
                if (File.Exists(_path))
                {
                    var read = Parse(File.ReadAllText(_path))
                        ?? throw new InvalidDataException($"{_path}: not a file of settings made by hand; fix it, or move it away");
                    (_set, _networks, _isUnread) = (read, InForce(read), false);
                    _health?.Worked(isWrite: false);
                }
            }
            catch (JsonException error)
            {
                throw new InvalidDataException($"{_path}: {error.Message}", error);
            }
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

    /// <summary>Sets strict mode for an address; an end in the past removes it.</summary>
    /// <exception cref="IOException">It could not be stored; the earlier settings stay in force.</exception>
    public void SetStrict(Override value) => Change(s => s with { Strict = With(s.Strict, value) });

    /// <summary>Blocks a host or network; an end in the past removes the block.</summary>
    /// <exception cref="FormatException">The subject is neither an address nor a network.</exception>
    /// <exception cref="IOException">It could not be stored; the earlier settings stay in force.</exception>
    public void SetBlocked(Override value)
    {
        var network = Networks.Parse(value.Subject)
            ?? throw new FormatException($"{value.Subject} is neither an address nor a network; give one such as 192.0.2.0/24");
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

    // A file that could not be read must not be overwritten: it is read now, set aside or left alone.
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
            throw new IOException($"{_path} cannot be read and is not overwritten; the setting was not stored");
        }
    }

    // Settings made by hand are a convenience: an unreadable file must not stop mail.
    private OverrideSet Read()
    {
        _isUnread = false;
        try
        {
            if (Directory.Exists(_path))
            {
                SetAside("it is a folder, not a file");
            }
            else if (File.Exists(_path))
            {
                if (Parse(File.ReadAllText(_path)) is { } set)
                {
                    _health?.Worked(isWrite: false);
                    return set;
                }

                SetAside("its content is not what was written");
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

    private static OverrideSet? Parse(string text) =>
        JsonSerializer.Deserialize(text, OverrideJson.Default.OverrideSet) is { Strict: not null, Blocked: not null } set
            && set.Strict.Concat(set.Blocked).All(o => o is { Subject: not null }) ? set : null;

    private void SetAside(string why) => _isUnread = _health?.SetAside(why) != true;
}

/// <summary>The JSON serializer of overrides.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(OverrideSet))]
internal sealed partial class OverrideJson : JsonSerializerContext;
