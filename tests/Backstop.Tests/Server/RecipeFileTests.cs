using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>What the owner of a mailbox puts in the place of an rcfile keeps the server from nothing when it starts.</summary>
public sealed class RecipeFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string File => _folder["rc"];

    public void Dispose() => _folder.Dispose();

    /// <summary>Opening a FIFO waits until somebody writes to it; the server did, for ever.</summary>
    [Fact(Timeout = 60_000)]
    public async Task Fifo_holds_nobody()
    {
        using (var mkfifo = Process.Start("mkfifo", [File]))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Contains("not a regular file", await StartedAsync(), StringComparison.Ordinal);
    }

    /// <summary>No array is as long as this file says it is, so reading it whole ended the start.</summary>
    [Fact]
    public async Task Huge_file_is_read_to_a_limit()
    {
        await using (var file = System.IO.File.Create(File))
        {
            file.SetLength(1L << 40);
        }

        Assert.Contains("findings; list them with", await StartedAsync(), StringComparison.Ordinal);
    }

    private async Task<string> StartedAsync()
    {
        using var lines = new LogLines();
        await using var server = await TestServer.StartAsync(
            o => o.Mailboxes["me@example.org"].Recipes = File, logging: l => l.AddProvider(lines));
        return Assert.Single(lines.All, l => l.StartsWith("recipes of me@example.org", StringComparison.Ordinal));
    }
}
