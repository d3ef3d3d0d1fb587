using System.Buffers;
using System.Text;
using Backstop.Protocols.Policy;
using Backstop.Protocols.Tables;
using CsCheck;

namespace Backstop.Tests.Protocols;

public sealed class PolicyAndTableTests
{
    [Fact]
    public void Question_is_lines_up_to_an_empty_one()
    {
        var buffer = Sequence("request=smtpd_access_policy\nsender=\nrecipient=a@b\nodd=x=y\n\nrequest=");
        var request = PolicyRequest.TryRead(ref buffer)!;
        Assert.Equal("a@b", request["recipient"]);
        Assert.Equal("x=y", request["odd"]);
        Assert.Equal("", request["sender"]);
        Assert.Equal("", request["unheard_of"]);
        Assert.Null(PolicyRequest.TryRead(ref buffer));
        Assert.Equal("request=", Text(buffer));
        Assert.Equal("action=550 no?x\n\n", Encoding.UTF8.GetString(PolicyRequest.Answer("550 no\nx")));
    }

    [Fact]
    public void Rejects_a_policy_request_without_names_or_end()
    {
        Assert.Throws<FormatException>(() => Read("no name\n\n"));
        Assert.Throws<FormatException>(() => Read(new string('x', PolicyRequest.MaxLength + 1)));
        Assert.Throws<FormatException>(() => Read(string.Concat(Enumerable.Range(0, 300).Select(i => $"n{i}=\n"))));

        static PolicyRequest? Read(string text)
        {
            var buffer = Sequence(text);
            return PolicyRequest.TryRead(ref buffer);
        }
    }

    [Fact]
    public void Tables_are_asked_in_two_notations()
    {
        var buffer = Sequence("13:untag a@b.org,get a%25b@c\n");
        var first = TableQuery.TryRead(ref buffer)!;
        Assert.Equal(new("untag", "a@b.org", true), first);
        var second = TableQuery.TryRead(ref buffer)!;
        Assert.Equal(new("", "a%b@c", false), second);
        Assert.Null(TableQuery.TryRead(ref buffer));
        Assert.Equal("7:OK ä@b,", Encoding.UTF8.GetString(first.Found("ä@b")));
        Assert.Equal("9:NOTFOUND ,", Encoding.UTF8.GetString(first.NotFound()));
        Assert.Equal("200 a%20b\n", Encoding.UTF8.GetString(second.Found("a b")));
        Assert.Equal("500 not found\n", Encoding.UTF8.GetString(second.NotFound()));
        Assert.Equal("400 no%20table\n", Encoding.UTF8.GetString(second.Trouble("no table")));
    }

    /// <summary>With other octets it would be another address.</summary>
    [Fact]
    public void Tables_are_answered_in_the_octets_they_are_asked_in()
    {
        var buffer = Sequence("12:untag caf\xe9@b,13:untag caf\xc3\xa9@b,get caf%E9%zz%4\nget caf%C3%A9\n");
        var answers = new[]
        {
            ("café@b", "9:OK caf\xe9@b,"), ("café@b", "10:OK caf\xc3\xa9@b,"), (
                "café%zz%4", "200 caf%E9%25zz%254\n"), ("café", "200 caf%C3%A9\n"),
        };
        foreach (var (key, found) in answers)
        {
            var query = TableQuery.TryRead(ref buffer)!;
            Assert.Equal(key, query.Key);
            Assert.Equal(found, Encoding.Latin1.GetString(query.Found(query.Key)));
        }
    }

    [Fact]
    public void Question_in_latin_1_is_read_as_smtp_reads_it()
    {
        var buffer = Sequence("sender=caf\xe9@b\nrecipient=caf\xc3\xa9@b\n\n");
        var request = PolicyRequest.TryRead(ref buffer)!;
        Assert.Equal(("café@b", "café@b"), (request["sender"], request["recipient"]));
    }

    [Fact]
    public void No_octets_do_anything_else() => Gen.Char[" 0123456789:,getuna\n%@=\r\0\xe9"].Array[0, 60].Sample(octets =>
    {
        Assert.True(Ends(Encoding.Latin1.GetBytes(octets), static (ref b) => TableQuery.TryRead(ref b) is not null));
        Assert.True(Ends(Encoding.Latin1.GetBytes(octets), static (ref b) => PolicyRequest.TryRead(ref b) is not null));
    });

    private delegate bool Reader(ref ReadOnlySequence<byte> buffer);

    private static bool Ends(byte[] octets, Reader read)
    {
        var buffer = new ReadOnlySequence<byte>(octets);
        try
        {
            while (read(ref buffer))
            {
                // The next one.
            }
        }
        catch (FormatException)
        {
            // Known to be wrong.
        }

        return true;
    }

    private static ReadOnlySequence<byte> Sequence(string text) => new(Encoding.Latin1.GetBytes(text));

    private static string Text(ReadOnlySequence<byte> buffer) => Encoding.Latin1.GetString(buffer);
}
