using Backstop.State;

namespace Backstop.Server.Alerts;

/// <summary>
/// Which trouble of a store is told: each kind of each store once a day, for one that fails and works by turns must not fill a mailbox.
/// </summary>
internal sealed class StoreAlerts(TimeProvider time)
{
    private readonly HashSet<(DateOnly Day, string Name, StoreFault? Fault)> _told = [];

    /// <summary>Whether this is told.</summary>
    /// <param name="state">How the store fares; without a fault it was set aside.</param>
    public bool IsNew(StoreState state)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        _told.RemoveWhere(t => t.Day != today);
        return _told.Add((today, state.Name, state.Fault));
    }
}
