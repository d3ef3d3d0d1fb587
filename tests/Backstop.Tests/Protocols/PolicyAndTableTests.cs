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

    [Fact]
    public void Table_is_asked_and_its_reply_read()
    {
        Assert.Equal("19:virtual ä@b.or.org,", Encoding.UTF8.GetString(TableReply.Question("virtual", "ä@b.or.org")));
        var buffer = Sequence("8:OK a b,c,9:NOTFOUND ,2:OK,12:TEMP no LDAP,8:TIMEOUT ,4:PERM,");
        TableReply[] replies =
        [
            new(TableStatus.Found, "a b,c"), new(TableStatus.NotFound, ""), new(TableStatus.Found, ""),
            new(TableStatus.Failed, "TEMP no LDAP"), new(TableStatus.Failed, "TIMEOUT"), new(TableStatus.Failed, "PERM"),
        ];
        foreach (var expected in replies)
        {
            Assert.Equal(expected, TableReply.TryRead(ref buffer));
        }

        Assert.Null(TableReply.TryRead(ref buffer));
    }

    [Theory]
    [InlineData("3:YES,")]
    [InlineData("200000:OK ")]
    [InlineData("1234567")]
    [InlineData("00000000003:OK ,")]
    [InlineData("3:OK x")]
    [InlineData("x:OK ,")]
    [InlineData("-1:,")]
    public void Rejects_what_is_no_reply_of_a_table(string octets)
    {
        Assert.Throws<FormatException>(() =>
        {
            var buffer = Sequence(octets);
            return TableReply.TryRead(ref buffer);
        });
    }

    /// <summary>Both ends of the protocol are ours, and agree.</summary>
    [Fact]
    public void Question_and_reply_are_read_as_they_were_written() => Gen.String[0, 50].Sample(text =>
    {
        var key = text.Replace('\0', 'x').Normalize(NormalizationForm.FormC);
        if (key.Any(char.IsSurrogate))
        {
            return;
        }

        var asked = new ReadOnlySequence<byte>(TableReply.Question("virtual", key));
        var query = TableQuery.TryRead(ref asked)!;
        Assert.Equal(("virtual", key), (query.Table, query.Key));
        var answered = new ReadOnlySequence<byte>(query.Found(key));
        Assert.Equal(new(TableStatus.Found, key), TableReply.TryRead(ref answered));
        answered = new(query.NotFound());
        Assert.Equal(TableStatus.NotFound, TableReply.TryRead(ref answered)!.Status);
        answered = new(query.Trouble(key));
        Assert.Equal(TableStatus.Failed, TableReply.TryRead(ref answered)!.Status);
    });

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
        Assert.True(Ends(Encoding.Latin1.GetBytes(octets), static (ref b) => TableReply.TryRead(ref b) is not null));
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
