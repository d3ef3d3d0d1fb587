namespace Backstop.Server.Net;

/// <summary>
/// How many connections of a sort may be open; beyond that nobody is accepted until one has ended, and clients wait in the kernel's
/// queue.
/// </summary>
/// <param name="most">How many.</param>
internal sealed class ConnectionRoom(int most) : IDisposable
{
    private readonly SemaphoreSlim _free = new(most, most);

    /// <summary>How many are open.</summary>
    public int Open => most - _free.CurrentCount;

    /// <summary>Waits for room, and takes it.</summary>
    public Task TakeAsync(CancellationToken ct) => _free.WaitAsync(ct);

    /// <summary>Gives it back.</summary>
    public void Give() => _free.Release();

    public void Dispose() => _free.Dispose();
}
