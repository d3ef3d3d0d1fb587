namespace Backstop.Server.Net;

/// <summary>
/// Limits the open connections of one kind. At the limit no more are accepted until one ends; clients wait in the
/// kernel's queue.
/// </summary>
/// <param name="most">The limit.</param>
internal sealed class ConnectionRoom(int most) : IDisposable
{
    private readonly SemaphoreSlim _free = new(most, most);

    /// <summary>How many connections are open.</summary>
    public int Open => most - _free.CurrentCount;

    /// <summary>Waits until a connection may be opened, and counts it.</summary>
    public Task TakeAsync(CancellationToken ct) => _free.WaitAsync(ct);

    /// <summary>Counts the end of a connection.</summary>
    public void Give() => _free.Release();

    public void Dispose() => _free.Dispose();
}
