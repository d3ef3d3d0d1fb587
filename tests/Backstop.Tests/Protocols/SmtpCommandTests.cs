using System.Text;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using CsCheck;

namespace Backstop.Tests.Protocols;

public sealed class SmtpCommandTests
{
    private static readonly PathLimits _limits = new(64, 255, 256);

    [Theory]
    [InlineData("MAIL FROM:<>", "<>", 0)]
    [InlineData("mail from:<a@b.example> SIZE=12", "<a@b.example>", 12)]
    [InlineData("MAIL FROM: <a@b.example>", "<a@b.example>", 0)]
    [InlineData("MAIL FROM:<@relay.example,@other.example:a@b.example>", "<a@b.example>", 0)]
    [InlineData("MAIL FROM:<\"a b\\\"c\"@b.example>", "<\"a b\\\"c\"@b.example>", 0)]
    [InlineData("MAIL FROM:<\"a>b\"@b.example>", "<\"a>b\"@b.example>", 0)]
    [InlineData("MAIL FROM:<a@[IPv6:::1]> BODY=8BITMIME RET=HDRS ENVID=x", "<a@[IPv6:::1]>", 0)]
    [InlineData("MAIL FROM:<grün@b.example> SMTPUTF8", "<grün@b.example>", 0)]
    public void Mail_is_understood(string line, string path, long size)
    {
        var command = Parse(line);
        Assert.Null(command.Error);
        Assert.Equal((SmtpVerb.Mail, path, size), (command.Verb, new ReversePath(command.Address).ToString(), command.Size));
    }

    [Theory]
    [InlineData("MAIL FROM:a@b.example", 501)]
    [InlineData("MAIL FROM:<a@b.example", 501)]
    [InlineData("MAIL FROM:<a@b.example>x", 501)]
    [InlineData("MAIL FROM:<a>", 501)]
    [InlineData("MAIL FROM:<a@>", 501)]
    [InlineData("MAIL FROM:<@b.example>", 501)]
    [InlineData("MAIL FROM:<a b@b.example>", 501)]
    [InlineData("MAIL FROM:<a@b_.-example->", 501)]
    [InlineData("MAIL FROM:<a@b.example> SIZE=x", 501)]
    [InlineData("MAIL FROM:<a@b.example> FOO=bar", 555)]
    [InlineData("MAIL FROM:<a@b.example> BODY=BINARYMIME", 555)]
    [InlineData("MAIL FROM:<grün@b.example>", 553)]
    [InlineData("MAIL TO:<a@b.example>", 501)]
    [InlineData("RCPT TO:<>", 501)]
    [InlineData("RCPT TO:<a@b.example> NOTIFY=SOMETIMES", 555)]
    [InlineData("EHLO", 501)]
    [InlineData("EHLO a b", 501)]
    [InlineData("DATA now", 501)]
    [InlineData("BDAT", 501)]
    [InlineData("BDAT -1", 501)]
    [InlineData("BDAT 12 FIRST", 501)]
    public void Command_that_breaks_the_grammar_gets_its_reply_code(string line, int code) => Assert.Equal(code, Parse(line).Error?.Code);

    /// <summary>What is handed on must be the octets that came; an address that is neither ASCII nor UTF-8 is nobody's.</summary>
    [Theory]
    [InlineData("MAIL FROM:<caf\xe9@b.example> SMTPUTF8")]
    [InlineData("MAIL FROM:<a@b.example> ENVID=\xe9")]
    [InlineData("RCPT TO:<caf\xe9@b.example>")]
    [InlineData("RCPT TO:<a@b.example> ORCPT=rfc822;\xe9")]
    public void Rejects_a_path_that_is_not_utf8(string line) =>
        Assert.Equal(501, SmtpCommand.Parse(Encoding.Latin1.GetBytes(line), _limits).Error?.Code);

    [Theory]
    [InlineData("RCPT TO:<postmaster>", "postmaster")]
    [InlineData("RCPT TO:<Postmaster> NOTIFY=NEVER", "Postmaster")]
    [InlineData("RCPT TO:<a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b.example", "a@b.example")]
    [InlineData("RCPT TO:<a..b.@b.example>", "\"a..b.\"@b.example")]
    public void Rcpt_is_understood(string line, string address) => Assert.Equal(address, Parse(line).Address?.ToString());

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Local_part_has_its_limit(int length, bool fits) =>
        Assert.Equal(fits, Parse($"RCPT TO:<{new string('a', length)}@b.example>").Error is null);

    [Fact]
    public void Bdat_tells_size_and_end() => Assert.Equal((86L, true), (Parse("BDAT 86 LAST").Size, Parse("BDAT 86 LAST").IsLast));

    [Fact]
    public void Any_bytes_are_a_command_or_an_error_and_never_an_exception() =>
        Gen.Select(Gen.OneOf("MAIL FROM:", "RCPT TO:", "BDAT ", "EHLO ", ""), Gen.Byte.Array[0, 80]).Sample((start, rest) =>
            SmtpCommand.Parse([.. Encoding.ASCII.GetBytes(start), .. rest], _limits));

    [Fact]
    public void What_an_address_prints_parses_to_the_same_address() =>
        Gen.Char["abcXYZ0.+-_ \"\\<>@(),;:"].Array[1, 12].Sample(local =>
        {
            var address = new MailAddress(new string(local), "b.example");
            Assert.Equal(address.LocalPart, Parse($"RCPT TO:<{address}>").Address?.LocalPart);
        });

    private static SmtpCommand Parse(string line) => SmtpCommand.Parse(Encoding.UTF8.GetBytes(line), _limits);
}
