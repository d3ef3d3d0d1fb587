using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Posix;
using Backstop.Server;
using Backstop.Server.Control;

namespace Backstop.Queue;

/// <summary>
/// Asks about a queue: through the server while it runs, else in the spool itself, whose lock keeps a server from starting meanwhile.
/// </summary>
internal sealed class QueueSession : IDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    // A server that starts or stops has the lock, and no socket yet or any more.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly ControlClient? _server;
    private readonly OfflineQueue? _offline;

    private QueueSession(ControlClient? server, OfflineQueue? offline) => (_server, _offline) = (server, offline);

    /// <summary>Whether a server runs.</summary>
    public bool IsServed => _server is not null;

    /// <summary>Opens the queue of a server.</summary>
    /// <param name="options">The server's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="CommandException">There is none, or it does not answer.</exception>
    public static async Task<QueueSession> OpenAsync(BackstopOptions options, TimeProvider time, CancellationToken ct)
    {
        var spool = DataPaths.Spool(options);
        if (!Directory.Exists(spool))
        {
            throw new CommandException(ExitCode.NoInput, $"{spool}: no spool there; --config FILE or --data DIR names the server's");
        }

        var began = time.GetTimestamp();
        while (true)
        {
            if (ControlClient.TryConnect(spool) is { } server)
            {
                return new(server, null);
            }

            try
            {
                return new(null, Offline(options, spool, time));
            }
            catch (IOException error) when (error.InnerException?.HResult == Libc.TryAgain)
            {
                if (time.GetElapsedTime(began) > _patience)
                {
                    throw new CommandException(
                        ExitCode.TryAgain,
                        $"{spool}: another program uses the queue and does not answer: a server that starts or stops, one without a "
                            + "control socket (its log says why), or another backstop queue; try again when it has ended");
                }
            }

            await Task.Delay(_pause, time, ct);
        }
    }

    /// <summary>Returns the lines of the answer.</summary>
    /// <exception cref="CommandException">The request cannot be answered.</exception>
    public async IAsyncEnumerable<QueueReply> AskAsync(
        QueueRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var reply in _server?.AskAsync(request, ct) ?? _offline!.Desk.AnswerAsync(request, ct))
        {
            yield return reply.Error is { } error ? throw new CommandException(ExitCode.Usage, error) : reply;
        }
    }

    public void Dispose()
    {
        _server?.Dispose();
        _offline?.Dispose();
    }

    // Refused for root: the server could not read what root writes there, and no mail is delivered as root.
    private static OfflineQueue Offline(BackstopOptions options, string spool, TimeProvider time)
    {
        if (FileOwner.Me == 0 && FileOwner.Of(spool) is { User: not 0 } owner && UserAccount.Find((int)owner.User)?.Become() != true)
        {
            throw new CommandException(
                ExitCode.NoPermission, $"{spool} belongs to user {owner.User}; run this as that user, or while the server runs");
        }

        return new(options, time);
    }
}
