using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Tests.Server;

/// <summary>What a killed server has left in its spool is delivered by the next one, whatever it had begun.</summary>
public sealed class ReplayTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>Many batches wait, and the copy that the kill tore belongs to one of the last.</summary>
    [Fact]
    public async Task Torn_copy_is_mended_before_anything_is_written_behind_it()
    {
        const int count = 300;
        const int torn = 250;
        var (spool, _, _) = SpoolLog.Open(_folder["spool"], new(), TimeProvider.System);
        using var log = spool;
        var inbox = new FolderRef(FolderFormat.Mbox, _folder["mbox"], FolderRef.Inbox);
        var entries = new List<SpoolEntry>();
        for (var i = 0; i < count; i++)
        {
            var body = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Subject: {i}\n\none\ntwo\n"));
            entries.Add(await spool.AppendAsync(
                spool.NextId(),
                new(1_700_000_000_000, "a@b.example", 4, null, body.Length, "Received: x\n", [new(inbox, "X-One: 1\n")]), body));
        }

        new MboxFolder(inbox, spool.Instance, TimeProvider.System)
            .Deliver([new(entries[torn], spool.Read(entries[torn]), 0, MayBeThere: false)]);
        var whole = await File.ReadAllBytesAsync(inbox.Path, Ct);
        await File.WriteAllBytesAsync(inbox.Path, whole[..^6], Ct);

        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new BackstopMetrics(services.GetRequiredService<IMeterFactory>());
        using (var queue = new DeliveryQueue(spool, "host", TimeProvider.System, metrics, NullLogger<DeliveryQueue>.Instance))
        {
            queue.Replay(entries);
            while (queue.Waiting > 0)
            {
                Assert.Empty(queue.Failing);
                await Task.Yield();
            }
        }

        var subjects = MessageFiles.Read(inbox.Path).Select(m => Encoding.ASCII.GetString(m.Bytes.Span)).ToList();
        Assert.All(subjects, m => Assert.EndsWith("\n\none\ntwo\n", m, StringComparison.Ordinal));
        Assert.Equal(count, subjects.Count);
        Assert.Equal(count, subjects.Distinct(StringComparer.Ordinal).Count());
    }
}
