using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Protections;

/// <summary>
/// Logs a protection that does not work when that begins and when it ends, and no more often, however much mail passes without it.
/// </summary>
/// <remarks>Stores are left out: <see cref="StoreWatch"/> logs them as soon as one fails.</remarks>
internal sealed partial class ProtectionWatch(ILogger<ProtectionWatch> log)
{
    /// <summary>The kind of a table that says which addresses exist: without it mail waits, where it passes without the others.</summary>
    public const string Table = "table";

    private readonly Lock _gate = new();
    private readonly HashSet<(string Check, string Name)> _down = [];
    private string _off = "";

    /// <summary>Compares the protections with those of the last call.</summary>
    public void Look(IReadOnlyList<Protection> all)
    {
        lock (_gate)
        {
            foreach (var one in all.Where(p => p.Check != "store"))
            {
                Look(one);
            }

            // What a reload has taken out of the configuration neither fails nor works again.
            _down.IntersectWith(all.Select(p => (p.Check, p.Name)));
            var off = string.Join("; ", all.Where(p => p.State == ProtectionState.Off).Select(p => p.Sentence));
            if (off != _off && off.Length > 0)
            {
                LogOff(off);
            }

            _off = off;
        }
    }

    private void Look(Protection one)
    {
        if (one.State == ProtectionState.Down && _down.Add((one.Check, one.Name)))
        {
            if (one.Check == Table)
            {
                LogTableDown(one.Name, one.Why, one.Do);
            }
            else
            {
                LogDown(one.Check, one.Name, one.Why, one.Do);
            }
        }
        else if (one.State == ProtectionState.On && _down.Remove((one.Check, one.Name)))
        {
            LogWorks(one.Check, one.Name);
        }
    }

    [LoggerMessage(4001, LogLevel.Warning, "{Check} {Name} does not work, and mail passes without it: {Why}; {Do}")]
    private partial void LogDown(string check, string name, string why, string @do);

    [LoggerMessage(4007, LogLevel.Warning, "table {Name} does not work as it should: {Why}; {Do}")]
    private partial void LogTableDown(string name, string why, string @do);

    [LoggerMessage(4005, LogLevel.Information, "{Check} {Name} works again")]
    private partial void LogWorks(string check, string name);

    [LoggerMessage(4006, LogLevel.Information, "off by the configuration (`backstop doctor` says what to do): {Protections}")]
    private partial void LogOff(string protections);
}
