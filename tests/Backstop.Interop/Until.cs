using System.Net.Sockets;

namespace Backstop.Interop;

/// <summary>
/// Waits for what other processes do: no longer than until it has happened, and on a machine that does much else as long as it
/// takes. The bound only ends what would never end.
/// </summary>
internal static class Until
{
    /// <summary>More than anything here takes, a build beside it included.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Until something is so.</summary>
    /// <param name="isSo">Whether it is.</param>
    /// <param name="otherwise">What is told when it never is.</param>
    public static Task SoAsync(Func<bool> isSo, Func<string> otherwise) =>
        SoAsync(() => Task.FromResult(isSo()), () => Task.FromResult(otherwise()));

    /// <summary>The same where one must be asked.</summary>
    /// <param name="isSo">Whether it is.</param>
    /// <param name="otherwise">What is told when it never is.</param>
    public static async Task SoAsync(Func<Task<bool>> isSo, Func<Task<string>> otherwise)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Bound)
            {
                Assert.Fail($"not after {Bound}: {await otherwise()}");
            }

            await Task.Delay(_pause, Ct);
        }
    }

    /// <summary>Until a program accepts connections on a port of the loopback; not once it has ended.</summary>
    /// <param name="port">The port.</param>
    /// <param name="program">Who shall listen there.</param>
    /// <param name="log">What it has logged beside its output.</param>
    public static Task ListensAsync(int port, Tool program, Func<string>? log = null) => SoAsync(
        () =>
        {
            Assert.False(program.HasEnded, $"ended before it listened on port {port}:\n{program.Output}\n{log?.Invoke()}");
            return ListensAsync(port);
        },
        () => Task.FromResult($"nobody listens on port {port}:\n{program.Output}\n{log?.Invoke()}"));

    private static async Task<bool> ListensAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, Ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
