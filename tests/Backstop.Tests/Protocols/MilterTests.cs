using System.Buffers;
using System.Net;
using System.Text;
using Backstop.Protocols.Milter;
using CsCheck;

namespace Backstop.Tests.Protocols;

public sealed class MilterTests
{
    [Fact]
    public void Packets_are_taken_one_by_one_and_only_whole()
    {
        byte[] stream = [.. Packet('H', "client.example\0"u8), .. Packet('Q', [])];
        var buffer = new ReadOnlySequence<byte>(stream);
        Assert.True(MilterFrame.TryRead(ref buffer, out var helo));
        Assert.Equal(MilterEvent.Helo, helo.Event);
        Assert.Equal("client.example"u8, Assert.Single(MilterData.Strings(helo.Data.ToArray())));
        Assert.True(MilterFrame.TryRead(ref buffer, out var quit));
        Assert.Equal(MilterEvent.Quit, quit.Event);
        Assert.True(buffer.IsEmpty);
        Assert.All(Enumerable.Range(0, 19), length =>
        {
            var part = new ReadOnlySequence<byte>(stream, 0, length);
            Assert.False(MilterFrame.TryRead(ref part, out _));
        });
    }

    /// <summary>Whatever is offered, no more is taken.</summary>
    [Fact]
    public void Terms_are_a_part_of_the_offer() => Gen.Select(Gen.Int[2, 9], Gen.Int, Gen.Int, Gen.Int, Gen.Int).Sample(
        (version, actions, steps, ourActions, ourSteps) =>
    {
        var output = new ArrayBufferWriter<byte>();
        new MilterTerms(version, (MilterActions)actions, (MilterSteps)steps).Write(output);
        var offer = MilterTerms.Read(output.WrittenSpan[5..]);
        var taken = offer.Take((MilterActions)ourActions, (MilterSteps)ourSteps);
        return taken.Version == Math.Min(version, 6) && ((int)taken.Actions & ~actions) == 0 && ((int)taken.Steps & ~steps) == 0
            && ((int)taken.Actions & ourActions) == (int)taken.Actions;
    });

    [Theory]
    [InlineData("localhost\04\0\u0019127.0.0.1\0", "localhost", "127.0.0.1:25")]
    [InlineData("six.example\06\0\u0019IPv6:2001:db8::1\0", "six.example", "[2001:db8::1]:25")]
    [InlineData("six.example\06\0\u00192001:db8::1\0", "six.example", "[2001:db8::1]:25")]
    [InlineData("local\0U", "local", null)]
    [InlineData("local\0L\0\0/run/socket\0", "local", null)]
    public void Connect_event_gives_name_and_address_of_the_client(string data, string name, string? client)
    {
        var (host, endPoint) = MilterData.Connect(Encoding.Latin1.GetBytes(data));
        Assert.Equal(name, host);
        Assert.Equal(client is null ? null : IPEndPoint.Parse(client), endPoint);
    }

    /// <summary>No encoding is anybody's business here: every octet but NUL comes through.</summary>
    [Fact]
    public void Strings_are_octets()
    {
        var all = Enumerable.Range(1, 255).Select(i => (byte)i).ToArray();
        Assert.Equal([all, [0xC9], []], MilterData.Strings([.. all, 0, 0xC9, 0, 0]));
    }

    [Fact]
    public void Macros_lose_their_braces()
    {
        var (stage, values) = MilterData.Macros("M{auth_authen}\0ann\0i\0ABC\0"u8);
        Assert.Equal(MilterEvent.Mail, stage);
        Assert.Equal([new("auth_authen", "ann"), new("i", "ABC")], values);
    }

    /// <summary>The octets that Sendmail's and Postfix's clients expect.</summary>
    [Fact]
    public void Answers_are_written_as_the_protocol_says()
    {
        Assert.Equal("\0\0\0\u0001c", Written(MilterReply.Continue));
        Assert.Equal("\0\0\0\u0012y550 5.7.1 50%% ?\0", Written(o => MilterReply.Reply(o, "550 5.7.1 50% \n")));
        Assert.Equal("\0\0\0\u000ci\0\0\0\0X-A\0 b\0", Written(o => MilterReply.InsertHeader(o, 0, "X-A", " b")));
        byte[] name = [.. "X-"u8, 0xE9];
        Assert.Equal("\0\0\0\u000am\0\0\0\u0002X-\u00e9\0\0", Written(o => MilterReply.ChangeHeader(o, 2, name, default)));
        Assert.Equal("\0\0\0\u0007e<a@b>\0", Written(o => MilterReply.ChangeSender(o, "<a@b>"u8.ToArray())));
        Assert.Equal("\0\0\0\u0003q?\0", Written(o => MilterReply.Quarantine(o, "\r")));
    }

    /// <summary>Whatever a peer sends: read, waited for, or known to be wrong.</summary>
    [Fact]
    public void No_octets_do_anything_else() => Gen.Byte.Array[0, 60].Sample(octets =>
    {
        var buffer = new ReadOnlySequence<byte>(octets);
        try
        {
            while (MilterFrame.TryRead(ref buffer, out var frame))
            {
                Wrong(() => MilterData.Strings(frame.Data.ToArray()));
                Wrong(() => MilterData.Macros(frame.Data.ToArray()));
                Wrong(() => MilterData.Connect(frame.Data.ToArray()));
                Wrong(() => MilterTerms.Read(frame.Data.ToArray()));
            }
        }
        catch (FormatException)
        {
            // Known to be wrong.
        }
    });

    private static void Wrong<T>(Func<T> read)
    {
        try
        {
            read();
        }
        catch (FormatException)
        {
            // Known to be wrong.
        }
    }

    private static string Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }

    private static byte[] Packet(char code, ReadOnlySpan<byte> data) => [0, 0, 0, (byte)(data.Length + 1), (byte)code, .. data];
}
