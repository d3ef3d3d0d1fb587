using System.Diagnostics.Metrics;
using System.Text;
using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Backstop.Server.Delivery;
using Backstop.Server.Users;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Tests.Server;

/// <summary>A spool and its deliveries, without a server: where mailboxes are is said by <see cref="Paths"/>.</summary>
internal sealed class DeliveryRig : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly BackstopMetrics _metrics;
    private readonly bool _isIdle;
    private readonly TimeProvider _time;
    private readonly Func<string, UserAccount?>? _user;
    private readonly Func<UserHelpers>? _helpers;

    /// <summary>Opens a spool; the last two say whose a mailbox is, and make the helpers of these users.</summary>
    public DeliveryRig(
        string spool, TimeProvider? time = null, bool isIdle = false, Func<string, UserAccount?>? user = null,
        Func<UserHelpers>? helpers = null)
    {
        (_user, _helpers) = (user, helpers);
        Directory = spool;
        _isIdle = isIdle;
        _time = time ?? TimeProvider.System;
        _metrics = new(_services.GetRequiredService<IMeterFactory>());
        Open();
    }

    public string Directory { get; }

    /// <summary>The path of each mailbox by its address; a mailbox that is not here is not configured.</summary>
    public Dictionary<string, string> Paths { get; } = new(StringComparer.Ordinal);

    public SpoolLog Spool { get; private set; } = null!;

    public DeliveryQueue Queue { get; private set; } = null!;

    /// <summary>The messages that the spool had when it was opened.</summary>
    public IReadOnlyList<SpoolEntry> Pending { get; private set; } = [];

    /// <summary>Adds a message for mailboxes, each at the path that it has now.</summary>
    public async Task<SpoolEntry> AddAsync(string subject, params string[] mailboxes)
    {
        var body = Encoding.ASCII.GetBytes($"Subject: {subject}\n\n{subject}\n");
        var entry = await Spool.AppendAsync(
            Spool.NextId(),
            new(
                DateTimeOffset.UnixEpoch.ToUnixTimeMilliseconds(), "a@b.example", 3, null, body.Length, "",
                [.. mailboxes.Select(m => new SpoolTarget(FolderOf(m)!, "") { Mailbox = m, Recipients = [m] })]),
            body);
        Queue.Add(entry, Lane.Real);
        return entry;
    }

    /// <summary>Ends the process as an orderly stop does, and begins another one.</summary>
    public void Restart()
    {
        Close();
        Open();
        Queue.Replay(Pending);
    }

    /// <summary>Begins another process with what a kill would leave now.</summary>
    public DeliveryRig Crash(string spool)
    {
        System.IO.Directory.CreateDirectory(Path.Combine(spool, "large"));
        foreach (var file in System.IO.Directory.EnumerateFiles(Directory).Where(f => Path.GetFileName(f) != "lock"))
        {
            File.Copy(file, Path.Combine(spool, Path.GetFileName(file)));
        }

        return new(spool);
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<bool> isSo)
    {
        for (var tries = 0; !isSo(); tries++)
        {
            Assert.True(tries < 3000, "not so after a minute");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The subjects of the messages in the inbox of a Maildir.</summary>
    public static string[] Inbox(string maildir) => !System.IO.Directory.Exists(Path.Combine(maildir, "new"))
        ? []
        : [.. System.IO.Directory.GetFiles(Path.Combine(maildir, "new")).Order(StringComparer.Ordinal)
            .Select(f => File.ReadLines(f).First(l => l.StartsWith("Subject: ", StringComparison.Ordinal))["Subject: ".Length..])];

    public void Dispose()
    {
        Close();
        _metrics.Dispose();
        _services.Dispose();
    }

    private FolderRef? FolderOf(string mailbox) =>
        Paths.TryGetValue(mailbox, out var path) ? new(FolderFormat.Maildir, path, FolderRef.Inbox) : null;

    private void Open()
    {
        (Spool, Pending, var damaged) = SpoolLog.Open(Directory, new() { SegmentSize = 64 << 10 }, _time);
        Assert.Equal(0, damaged);
        Queue = new(Spool, "host", _time, _metrics, NullLogger<DeliveryQueue>.Instance)
        {
            IsIdle = _isIdle,
            Find = (entry, target) =>
                FolderOf(entry.AimOf(target).Mailbox!) is { } folder ? new(folder, _user?.Invoke(entry.AimOf(target).Mailbox!)) : null,
            Helpers = _helpers?.Invoke(),
        };
    }

    private void Close()
    {
        Queue.Dispose();
        Spool.Dispose();
    }
}
