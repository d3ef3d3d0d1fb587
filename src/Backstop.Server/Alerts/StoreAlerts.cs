using Backstop.State;

namespace Backstop.Server.Alerts;

/// <summary>
/// Decides which failures of a store are sent as alerts: each kind for each store once a day, so that a store that
/// fails on and off does not fill a mailbox.
/// </summary>
internal sealed class StoreAlerts(TimeProvider time)
{
    private readonly HashSet<(DateOnly Day, string Name, StoreFault? Fault)> _told = [];

    /// <summary>Whether an alert is due.</summary>
    /// <param name="state">The state of the store; without a fault, the store was damaged and set aside.</param>
    public bool IsNew(StoreState state)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        _told.RemoveWhere(t => t.Day != today);
        return _told.Add((today, state.Name, state.Fault));
    }
}
