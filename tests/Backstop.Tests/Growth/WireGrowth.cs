using System.Buffers;
using Backstop.Mailboxes.Reading;
using Backstop.Protocols.Milter;
using Backstop.Protocols.Policy;
using Backstop.Protocols.Proxy;
using Backstop.Protocols.Smtp;
using Backstop.Protocols.Spamd;
using Backstop.Protocols.Tables;
using Backstop.Recipes.Language;
using Backstop.Recipes.Linting;
using Backstop.Recipes.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.Tests.Growth;

/// <summary>What reads protocols, mailboxes and rcfiles, and the inputs that cost it most.</summary>
internal static class WireGrowth
{
    private static readonly PathLimits _limits = new(64, 255, 514);
    private static readonly RecipeRegex _expression = RecipeRegex.Parse("^(.*,)*a\\/(b|c)*(d+)+$", ignoreCase: true);

    public static IEnumerable<Scanner> All =>
    [
        new("SMTP commands", text => SmtpCommand.Parse(text, _limits),
        [
            new("MAIL FROM:<", "a", ">"), new("MAIL FROM:<a@b>", " SIZE=1"), new("RCPT TO:<", "@a,", ":b@c>"), new(
                "RCPT TO:<\"", "\\\"", "\"@b>"), new("MAIL", " "), new("EHLO ", "a."), new("", "A"), new(
                "RCPT TO:<a@b> ORCPT=rfc822;", "+41"),
            new("XCLIENT", " ADDR=1"), new("BDAT ", "1"), new("MAIL FROM:", "<"),
        ]),
        new("SMTP lines", ReadLine, [new("", "a"), new("", "\r"), new("", "a\r\n")]),
        new("xtext", text => XText.Decode(Octets.FromBytes(text)), [new("", "+41"), new("", "+"), new("", "a")]),
        new("message content", ReadData, [new("", "a"), new("", ".\r\n."), new("", "\r\n"), new("", "..\r\n"), new("", "a\r\n")]),
        new(
            "PROXY header", Sequence(static (ref ReadOnlySequence<byte> b) => ProxyHeader.TryRead(ref b, out _)),
            [new("PROXY TCP4 ", "1"), new("PROXY", " "), new("\r\n\r\n\0\r\nQUIT\n", "\0")]),
        new(
            "policy requests", Sequence(static (ref ReadOnlySequence<byte> b) => PolicyRequest.TryRead(ref b)),
            [new("", "a=b\n"), new("", "a"), new("", "=\n"), new("", "a=b\n", "\n")]),
        new(
            "table queries", Sequence(static (ref ReadOnlySequence<byte> b) => TableQuery.TryRead(ref b)),
            [new("", "1"), new("get ", "%41"), new("1:", "a"), new("get ", "a", "\n")]),
        new(
            "milter frames", Sequence(static (ref ReadOnlySequence<byte> b) => MilterFrame.TryRead(ref b, out _)),
            [new("\0\0\0\x0ex", "a"), new("", "\0"), new("\0\x0f\0\0L", "a\0")]),
        new("milter strings", text => MilterData.Strings(text), [new("", "\0"), new("", "a\0"), new("", "a")]),
        new("milter macros", text => MilterData.Macros(text), [new("C", "a\0b\0"), new("M", "{a}\0"), new("C", "\0")]),
        new("milter terms", text => MilterTerms.Read(text), [new("\0\0\0\x06\0\0\0\0\0\0\0\0", "\0\0\0\0a\0"), new("", "\0")]),
        new(
            "spamd requests", ReadSpamd,
            [new("CHECK SPAMC/1.5\r\n", "User: a\r\n"), new("CHECK ", "a"), new("CHECK SPAMC/1.5\r\n", ":"), new(
                "CHECK SPAMC/1.5\r\nContent-length: ", "1"), new("", "\r\n")]),
        new(
            "mbox", ReadMbox,
            [
                new("From a\n", "\nFrom a\n"), new("From a\n", "\n"), new("From a\n", "From "), new("From a\n", ">From \n"),
                new("From a\n", "\r\n"),
            ]),
        new(
            "mbox separators", text => MboxDate.Read(text),
            [new("From a ", "Mon "), new("From ", " "), new("From a Mon Jan 1 ", "1:"), new("From a ", "1")]),
        new(
            "names of IMAP folders", text => ModifiedUtf7.Decode(Octets.FromBytes(text)),
            [new("", "&"), new("", "&-"), new("", "&AAA-"), new("&", "A")]),
        new("rcfiles", text => RcParser.Parse("rc", Octets.FromBytes(text)),
        [
            new("", ":0\n* a\nb\n"), new("", ":0\n{\n"), new("", "\\\n"), new("", "A=\"b"), new("", "#\n"), new(":0\n", "* a\n"),
            new("", "A=`"), new("", "{ "), new("", "\""), new("", ":0 "),
        ]),
        new("lint of rcfiles", text => RcLinter.Lint("rc", Octets.FromBytes(text)),
        [
            new(":0\n* ^", " ", "x\na\n"), new(":0\n* ^", "a.", "\na\n"), new(":0\n* ", "!", "\na\n"), new(":0\n* ^", "**", "\na\n"),
            new(":0\n* ^", "a\\.", "\na\n"), new(":0\n* ", "1^1 ", "\na\n"), new(":0\n* ^", "$", "\na\n"), new(":0\n* ^", "[a", "\na\n"),
            new(":0\n* ", "a ?? ", "\na\n"), new(":0\n* ^", " # ", "\na\n"), new(":0\n* ^", "a-", "\na\n"), new(":0\n* > ", "<", "1k\na\n"),
            new("", ":0\n* a\nb\n"), new(":0\n* ^", "a{1}", "\na\n"),
        ]),
        new(
            "expressions of recipes", text => _expression.IsMatch(text),
            [new("", "a"), new("", ","), new("", "a,"), new("", "ad"), new("a", "d", "x"), new("", "a\n")]),
        new("expressions of recipes, in two", text => _expression.Find(text), [new("", "a,"), new("a", "d"), new("a", "bd")]),
    ];

    private delegate object? Reader(ref ReadOnlySequence<byte> buffer);

    private static Action<byte[]> Sequence(Reader read) => text =>
    {
        var buffer = new ReadOnlySequence<byte>(text);
        read(ref buffer);
    };

    private static void ReadLine(byte[] text)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(text));
        while (SmtpLine.TryRead(ref reader, out _, text.Length) == LineStatus.Complete)
        {
        }
    }

    private static void ReadData(byte[] text)
    {
        var input = new ReadOnlySequence<byte>(text);
        default(DataReader).ReadLines(ref input, new Sink());
    }

    private static void ReadSpamd(byte[] text)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(text));
        SpamdHead.TryRead(ref reader, atEnd: true, out _, out _);
    }

    private static void ReadMbox(byte[] text)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["mbox"], text);
        using var file = File.OpenHandle(folder["mbox"]);
        foreach (var message in MboxReader.Read(file, 1 << 16))
        {
            message.Content();
        }
    }

    private sealed class Sink : IContentSink
    {
        public void Append(ReadOnlySpan<byte> content)
        {
        }

        public void LineEnded(long length)
        {
        }
    }
}
