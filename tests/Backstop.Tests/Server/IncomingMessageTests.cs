using Backstop.Configuration.Options;
using Backstop.Protocols.Smtp;
using Backstop.Server.Receiving;
using CsCheck;

namespace Backstop.Tests.Server;

/// <summary>What is received is what was sent, however it is cut up and however short memory becomes on the way.</summary>
public sealed class IncomingMessageTests
{
    private const int HeaderLength = 2000;
    private const int MaxStep = 300_000;
    private const int MaxSteps = 12;

    private sealed record Step(int Size, bool IsShort);

    private sealed record Session(Step[] Steps, int[] Overwritten);

    private static readonly Gen<Session> _sessions = Gen.Select(
        Gen.Select(
            Gen.Frequency((6, Gen.Int[0, 400]), (3, Gen.Int[0, 20_000]), (1, Gen.Int[0, MaxStep])), Gen.Bool,
            (size, isShort) => new Step(size, isShort)).Array[1, MaxSteps],
        Gen.Int[0, HeaderLength - 1].Array[0, 6],
        (steps, overwritten) => new Session(steps, overwritten));

    [Fact]
    [Trait("run", "full")]
    public void Stored_octets_are_the_octets_sent_for_any_sizes_chunks_and_budget()
    {
        using var folder = new TempFolder();

        // The same for all sessions: made anew for each they are gigabytes of garbage.
        var (octets, stored) = (new byte[HeaderLength + (MaxSteps * MaxStep)], new byte[HeaderLength + (MaxSteps * MaxStep)]);
        _sessions.Sample(
            session =>
            {
                var budget = new ReceiveBudget();
                using var message = new IncomingMessage(new SmtpOptions { MaxHeader = ByteSize.KiB(4) }, budget, folder.Path);
                var isShort = false;
                var length = 0;
                foreach (var step in (Step[])[new(HeaderLength, false), .. session.Steps])
                {
                    budget.Add(step.IsShort == isShort ? 0 : step.IsShort ? ReceiveBudget.Limit * 2 : -ReceiveBudget.Limit * 2);
                    isShort = step.IsShort;
                    for (var i = length; i < length + step.Size; i++)
                    {
                        octets[i] = (byte)(i % 251);
                    }

                    message.Append(octets.AsSpan(length, step.Size));
                    length += step.Size;
                    message.LineEnded(2);
                }

                var expected = octets.AsSpan(0, length);
                foreach (var at in session.Overwritten)
                {
                    message.Overwrite(at, (byte)'Y');
                    expected[at] = (byte)'Y';
                }

                Assert.Null(message.Refusal);
                Assert.True(
                    message.Front.Span.SequenceEqual(expected[..message.Front.Length]),
                    "the front is a beginning of the message");
                Assert.InRange(message.Front.Length, HeaderLength, expected.Length);
                Assert.Equal(expected.Length, message.Length);
                message.Flush(toDisk: false);
                Assert.True(Stored(message, folder, stored).SequenceEqual(expected), "what is stored is what was sent");
            },
            iter: 10_000, threads: 1);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    /// <summary>A header as long as one may be stays in memory whole; what follows goes to the disk where memory is short.</summary>
    [Theory]
    [InlineData(1_000, true, 16 << 10)]
    [InlineData(100_000, true, 100_000)]
    [InlineData(1_000, false, 256 << 10)]
    public void Front_holds_the_header_and_less_of_the_body_where_memory_is_short(int header, bool isShort, int front)
    {
        using var folder = new TempFolder();
        var budget = new ReceiveBudget();
        budget.Add(isShort ? ReceiveBudget.Limit * 2 : 0);
        using var message = new IncomingMessage(new SmtpOptions(), budget, folder.Path);
        message.Append(new byte[header]);
        message.LineEnded(2);
        for (var i = 0; i < 400; i++)
        {
            message.Append(new byte[1000]);
        }

        Assert.Null(message.Refusal);
        Assert.Equal(front, message.Front.Length);
        Assert.NotNull(message.LargeFile);
    }

    [Fact]
    public void Refused_message_takes_no_change()
    {
        using var folder = new TempFolder();
        using var message = Large(new ReceiveBudget(), folder);
        message.Refuse(SmtpReplies.TooBig);
        message.Overwrite(0, (byte)'Y');
        Assert.Equal(0, message.Front.Length);
    }

    /// <summary>Who walks the header while he changes it goes on reading: its memory must not be another message's by then.</summary>
    [Fact]
    public void Front_stays_where_a_change_of_it_cannot_be_stored()
    {
        using var folder = new TempFolder();
        var budget = new ReceiveBudget(maxFiles: 1);
        var message = Large(budget, folder);
        message.Flush(toDisk: false);
        FullDisk.Begin(folder[message.LargeFile!]);
        var front = message.Front.Length;
        for (var at = 0; at < 3; at++)
        {
            message.Overwrite(at, (byte)'Y');
            message.Flush(toDisk: false);
            Assert.Equal(SmtpReplies.OutOfRoom, message.Refusal);
            Assert.Equal(front, message.Front.Length);
        }

        message.Dispose();
        AssertNothingIsLeft(budget, folder);
    }

    [Fact]
    public void Disk_that_becomes_full_refuses_the_message_and_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        var budget = new ReceiveBudget(maxFiles: 1);
        using var message = Large(budget, folder);
        FullDisk.Begin(folder[message.LargeFile!]);
        for (var i = 0; i < 10; i++)
        {
            message.Append(new byte[50_000]);
        }

        Assert.Equal(SmtpReplies.OutOfRoom, message.Refusal);
        AssertNothingIsLeft(budget, folder);
    }

    [Fact]
    public void Folder_that_may_not_be_written_refuses_the_message_and_keeps_no_place()
    {
        using var folder = new TempFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_000_000);
        var budget = new ReceiveBudget(maxFiles: 1);
        OtherUser.Run(() =>
        {
            using var message = Large(budget, folder);
            Assert.Equal(SmtpReplies.OurTrouble, message.Refusal);
        });
        AssertNothingIsLeft(budget, folder);
    }

    private static IncomingMessage Large(ReceiveBudget budget, TempFolder folder)
    {
        var message = new IncomingMessage(new SmtpOptions(), budget, folder.Path);
        message.Append("Subject: large\n\n"u8);
        message.LineEnded(16);
        message.LineEnded(2);
        message.Append(new byte[MessageFront.Max]);
        return message;
    }

    private static void AssertNothingIsLeft(ReceiveBudget budget, TempFolder folder)
    {
        Assert.True(budget.TryOpenFile(), "the message's place is free again");
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    private static ReadOnlySpan<byte> Stored(IncomingMessage message, TempFolder folder, byte[] room)
    {
        if (message.LargeFile is not { } name)
        {
            return message.Front.Span;
        }

        using var file = new FileStream(folder[name], FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var length = (int)file.Length;
        file.ReadExactly(room, 0, length);
        return room.AsSpan(0, length);
    }
}
