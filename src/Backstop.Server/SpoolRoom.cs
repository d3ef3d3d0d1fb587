using Backstop.Server.Options;

namespace Backstop.Server;

/// <summary>Watches the free room of the spool's disk, so that mail is refused while there is still room to work with.</summary>
internal sealed class SpoolRoom : IDisposable
{
    private readonly string _path;
    private readonly long _minFree;
    private readonly ITimer _timer;
    private volatile bool _isShort;

    public SpoolRoom(BackstopOptions options, TimeProvider time)
    {
        _path = Path.GetFullPath(DataPaths.Spool(options));
        _minFree = options.Spool.MinFree.Bytes;
        Look();
        var tick = TimeSpan.FromMilliseconds(500);
        _timer = time.CreateTimer(_ => Look(), null, tick, tick);
    }

    /// <summary>Whether new mail must wait.</summary>
    public bool IsShort => _isShort;

    /// <summary>Free octets, for showing.</summary>
    public long Free { get; private set; }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            Free = new DriveInfo(_path).AvailableFreeSpace;
            _isShort = Free < _minFree;
        }
        catch (IOException)
        {
            // Nobody knows: the append itself will tell.
            _isShort = false;
        }
    }
}
