using System.Diagnostics.Metrics;
using System.Text;
using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Mail that is scanned from the spool: to the folder its score says, and to its own where it cannot be scanned.</summary>
public sealed class LateScanTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("scanned when filters can keep up again", "Junk")]
    [InlineData("given up after a minute", "INBOX")]
    [InlineData("let go when the server stops", "INBOX")]
    [InlineData("delivered when the scan fails", "INBOX")]
    public async Task Message_reaches_a_folder_once(string how, string folder)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        var (spool, _, _) = SpoolLog.Open(_folder["spool"], new(), time);
        using var log = spool;
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new BackstopMetrics(services.GetRequiredService<IMeterFactory>());
        var mayScan = how.StartsWith("delivered", StringComparison.Ordinal);
        var inbox = new FolderRef(FolderFormat.Maildir, _folder["Maildir"], FolderRef.Inbox);
        var noted = 0;
        using (
            var queue = new DeliveryQueue(
                spool, "host", time, metrics, NullLogger<DeliveryQueue>.Instance, null, () => Volatile.Read(ref mayScan)))
        {
            // The load ladder would take the wait that it asked for itself for slow folders.
            queue.RealDelivered = _ => Interlocked.Increment(ref noted);
            var body = Encoding.ASCII.GetBytes("Subject: x\n\nbuy\n");
            var entry = await spool.AppendAsync(
                spool.NextId(),
                new(1_700_000_000_000, "a@b.example", 3, null, body.Length, "Received: x\n", [new(inbox, "X-One: 1\n")]), body);
            queue.AddUnscanned(
                entry, Lane.Real,
                content => Encoding.ASCII.GetString(content.Span).Contains("buy", StringComparison.Ordinal)
                    && !how.StartsWith("delivered", StringComparison.Ordinal)
                ? Task.FromResult<IReadOnlyList<string>>(["Junk"])
                : throw new InvalidDataException("no score"));

            switch (how[0])
            {
                case 's':
                    Volatile.Write(ref mayScan, true);
                    break;
                case 'l':
                    queue.BeginStop();
                    break;
                default:
                    break;
            }

            for (var tries = 0; queue.Waiting > 0; tries++)
            {
                Assert.True(tries < 2000, "not delivered");
                time.Advance(TimeSpan.FromMilliseconds(how[0] == 'g' ? 1000 : 50));
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
        }

        Assert.Equal(0, noted);
        Assert.Equal(folder == "Junk" ? 1 : 0, Count(Path.Combine(inbox.Path, ".Junk", "new")));
        Assert.Equal(folder == "INBOX" ? 1 : 0, Count(Path.Combine(inbox.Path, "new")));
    }

    private static int Count(string path) => Directory.Exists(path) ? Directory.GetFiles(path).Length : 0;
}
