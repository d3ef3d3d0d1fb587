using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Backstop.Protocols.Milter;
using Backstop.Server.Net;

namespace Backstop.Server.Guard;

/// <summary>Moves packets between a mail server and its milter session.</summary>
internal sealed class MilterHandler(GuardServices services, GuardConnections connections)
{
    private const string Protocol = "milter";

    /// <summary>Serves a connection on the calling thread, which reads, decides and waits.</summary>
    public void Run(Socket socket)
    {
        var served = connections.RunAsync(RemoteOf(socket), Protocol, clock =>
        {
            socket.ReceiveTimeout = (int)Math.Min(clock.Idle.TotalMilliseconds, int.MaxValue);
            Converse(new BlockingStream(socket), clock, new(services.Peers, socket, Protocol));
            return Task.CompletedTask;
        });
        served.GetAwaiter().GetResult();
    }

    /// <summary>Serves a connection without a thread of its own.</summary>
    public Task RunAsync(Socket socket) => connections.RunAsync(RemoteOf(socket), Protocol, async clock =>
    {
        await using var stream = new NetworkStream(socket);
        await ConverseAsync(PipeReader.Create(stream), PipeWriter.Create(stream), clock, new(services.Peers, socket, Protocol));
    });

    // The same as below, except that this thread waits: an awaited step must not continue on another thread and block
    // there.
    private void Converse(BlockingStream stream, GuardClock clock, LocalPeer peer)
    {
        using var session = new MilterSession(services, peer);
        var input = PipeReader.Create(stream, new(leaveOpen: true));
        var output = new ArrayBufferWriter<byte>();
        for (var goesOn = true; goesOn;)
        {
            var read = Wait(input.ReadAsync());
            var buffer = read.Buffer;
            while (goesOn && MilterFrame.TryRead(ref buffer, out var frame))
            {
                goesOn = Wait(session.AnswerAsync(frame, output, () =>
                {
                    Flush();
                    return default;
                }));
            }

            clock.Took(read.Buffer.Length, buffer.Length);
            input.AdvanceTo(buffer.Start, buffer.End);
            Flush();
            goesOn &= !read.IsCompleted;
        }

        input.Complete();

        void Flush()
        {
            if (output.WrittenCount > 0)
            {
                stream.Write(output.WrittenSpan);
                output.ResetWrittenCount();
            }
        }
    }

    private async Task ConverseAsync(PipeReader input, PipeWriter output, GuardClock clock, LocalPeer peer)
    {
        using var session = new MilterSession(services, peer);
        for (var goesOn = true; goesOn;)
        {
            var read = await clock.ReadAsync(input);
            var buffer = read.Buffer;
            while (goesOn && MilterFrame.TryRead(ref buffer, out var frame))
            {
                goesOn = await session.AnswerAsync(frame, output, FlushAsync);
            }

            clock.Took(read.Buffer.Length, buffer.Length);
            input.AdvanceTo(buffer.Start, buffer.End);
            await FlushAsync();
            goesOn &= !read.IsCompleted;
        }

        await input.CompleteAsync();
        await output.CompleteAsync();

        async ValueTask FlushAsync() => await output.FlushAsync();
    }

    // Blocks on purpose: the thread belongs to this connection and has nothing else to do.
    private static T Wait<T>(ValueTask<T> task) => task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private static System.Net.EndPoint? RemoteOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            // The peer has closed the connection; the first read will notice.
            return null;
        }
    }
}
