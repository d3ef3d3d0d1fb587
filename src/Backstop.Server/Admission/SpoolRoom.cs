using Backstop.Configuration;
using Backstop.Configuration.Options;

namespace Backstop.Server.Admission;

/// <summary>Watches the free space on the spool's disk, so that mail is refused before the disk is full.</summary>
internal sealed class SpoolRoom : IDisposable
{
    private readonly string _path;
    private long _minFree;
    private readonly ITimer _timer;
    private volatile bool _isKnown;

    public SpoolRoom(BackstopOptions options, TimeProvider time)
    {
        _path = Path.GetFullPath(DataPaths.Spool(options));
        _minFree = options.Spool.MinFree.Bytes;
        Look();
        var tick = TimeSpan.FromMilliseconds(500);
        _timer = time.CreateTimer(_ => Look(), null, tick, tick);
    }

    /// <summary>Goes by another configuration from now on.</summary>
    public void Take(BackstopOptions now) => Volatile.Write(ref _minFree, now.Spool.MinFree.Bytes);

    /// <summary>Whether all new mail is refused with 452.</summary>
    public bool IsShort => IsShortFor(100);

    /// <summary>Free octets, for display.</summary>
    public long Free { get; private set; }

    /// <summary>Whether mail is refused that may use only a share of the space.</summary>
    /// <param name="share">In percent: at 50, twice <c>spool.min_free</c> must be free.</param>
    public bool IsShortFor(int share) => _isKnown && Free / 100 * share < Volatile.Read(ref _minFree);

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            Free = new DriveInfo(_path).AvailableFreeSpace;
            _isKnown = true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The free space is not known, so mail is accepted; writing to the spool will tell.
            _isKnown = false;
        }
    }
}
