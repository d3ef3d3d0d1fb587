using System.Text;
using Backstop.Clean.Imap;
using CsCheck;

namespace Backstop.Tests.Imap;

/// <summary>The guard counts the same however octets are cut into reads, and lets by what servers send.</summary>
public sealed class ImapGrammarCheckTests
{
    private static readonly ImapLimits _small = new()
    {
        Line = 60,
        SearchLine = 200,
        Literal = 50,
        Depth = 3,
        Responses = 20,
        Folders = 5,
        Octets = 4000
    };

    private static readonly string[] _pieces =
        ["* 1 FETCH (", "* OK ", "* LIST ", "* SEARCH ", "A1 ", "{5}\r\n", "{60}\r\n", "{-1}", "\"", "\\", "(",
            ")", "abc", "\r\n", "\n", "{", "}", "7", " "];

    [Theory]
    [InlineData("* OK {99999999999}\r\n")]
    [InlineData("* OK ((((((((\r\n")]
    [InlineData("A1 NO {-1}\r\n")]
    [InlineData("+ {-1}\r\n")]
    [InlineData("* 1 FETCH (BODY[] {50}\r\n((((((((((((((((((((((((((((((((((((((((((((((((((\r\n)\r\n")]
    [InlineData("* LIST () \"/\" \"a{-1}((((b\\\"c\"\r\n")]
    [InlineData("* LIST () \"/\" {3}\r\n\r\n\n\r\n")]
    [InlineData("* 1 FETCH (BODY[] {0}\r\n)\r\n")]
    [InlineData("* SEARCH 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27\r\n")]
    public void Passes_what_servers_may_send(string text) => Assert.Null(new ImapGrammarCheck(_small).Look(Encoding.Latin1.GetBytes(text)));

    [Theory]
    [InlineData("* 1 FETCH (BODY[] {51}\r\n", "51")]
    [InlineData("* 1 FETCH (BODY[] {-1}\r\n", "without a length")]
    [InlineData("* 1 FETCH (BODY[] {}\r\n", "without a length")]
    [InlineData("* 1 FETCH (BODY[] {1234567890123}\r\n", "without a length")]
    [InlineData("* 1 FETCH ((((\r\n", "parentheses")]
    [InlineData("* LIST () \"/\" \"a\r\n", "quoted")]
    [InlineData("* FLAGS (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "longer")]
    [InlineData("* OK aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "longer")]
    [InlineData("* LIST x\n* LIST x\n* LIST x\n* list x\n* LSUB x\n* XLIST x\n", "folders")]
    public void Reports_what_exceeds_a_limit(string text, string fault) =>
        Assert.Contains(fault, new ImapGrammarCheck(_small).Look(Encoding.Latin1.GetBytes(text)), StringComparison.Ordinal);

    [Fact]
    public void How_octets_are_cut_into_reads_changes_nothing()
    {
        var piece = Gen.Int[0, _pieces.Length - 1].Select(i => _pieces[i]);
        Gen.Select(piece.Array[0, 60], Gen.Int[1, 7]).Sample(
            (pieces, size) =>
            {
                var octets = Encoding.Latin1.GetBytes(string.Concat(pieces));
                var (whole, parts) = (new ImapGrammarCheck(_small), new ImapGrammarCheck(_small));
                string? fault = null;
                foreach (var chunk in octets.Chunk(size))
                {
                    fault ??= parts.Look(chunk);
                }

                Assert.Equal(whole.Look(octets), fault);
            },
            iter: 5000);
    }
}
