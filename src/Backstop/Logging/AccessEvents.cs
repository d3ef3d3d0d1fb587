using System.Collections.Frozen;

namespace Backstop.Logging;

/// <summary>The events that the access log has: lines that name a client, and what became of its message.</summary>
internal static class AccessEvents
{
    private static readonly FrozenSet<int> _ids = FrozenSet.Create(
        1003, 2001, 2002, 2003, 2005, 2006, 3008, 7101, 7104, 7301, 7303, 8101, 8103);

    /// <summary>Whether the log has an event.</summary>
    public static bool Has(int id) => _ids.Contains(id);
}
