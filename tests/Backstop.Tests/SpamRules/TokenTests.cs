using System.Security.Cryptography;
using System.Text;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;

namespace Backstop.Tests.SpamRules;

/// <summary>The learner's tokens. What is expected was said by SpamAssassin 4.0.1's own tokenizer; the interop tests ask it
/// again.</summary>
public class TokenTests
{
    private static readonly BayesLearner _learner = new(RuleSet.Parse("util_rb_tld com org net"), new MemoryBayesStore());

    [Theory]
    [InlineData("Buy now", "buy")]
    [InlineData("see the Web WEB you're", "")]
    [InlineData("a_b ab abc", "a_b abc")]
    [InlineData("say Foo! today", "Foo Foo! foo foo! say today")]
    [InlineData("Hello world. Good news. More Here", "Good Here good hello here news")]
    [InlineData("wait...here a...b...cde", "UD:..cde UD:b...cde b...cde bcde here wait")]
    [InlineData("one--two-three", "two-three twothree")]
    [InlineData(
        "joe.doe@mail.example.org",
        "D*example.org D*mail.example.org D*org U*joe.doe joe.doe@mail.example.org joedoemailexampleorg sk:joe.doe sk:joedoe")]
    [InlineData("Wait. Then NOW", "Then then wait")]
    [InlineData("averyveryverylongword", "sk:averyve")]
    public void Words_of_a_text_are_those_of_SpamAssassin(string line, string expected) =>
        Assert.Equal(
            expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).Distinct(), Words($"\n{line}\n"));

    [Fact]
    public void Words_of_a_header_are_those_of_SpamAssassin() =>
        Assert.Equal(
            ("H*Ad:D*example.org H*Ad:D*mail.example.org H*Ad:D*org H*Ad:N*Ann H*Ad:U*ann H*F:D*example.org "
            + "H*F:D*mail.example.org H*F:D*org H*F:N*Ann H*F:U*ann H*MI:example H*MI:exim H*MI:org H*RU:192.0.2.7 "
            + "H*RU:A1B2C3D4E5 H*RU:a.example.org H*RU:mx.bench.test H*UA:1.2 H*UA:Foo-Mail H*ct:HHH H*ct:plain "
            + "H*ct:utf-8 H*m:example H*m:exim H*m:org H*r:192.0.2 H*r:Postfix H*r:a.example.org H*r:ip*192.0.2.7 "
            + "H*r:mx.bench.test H*r:x@y.z H*x:1.2 H*x:Foo-Mail Hx-spam-relays-external:192.0.2.7 "
            + "Hx-spam-relays-external:A1B2C3D4E5 Hx-spam-relays-external:a.example.org "
            + "Hx-spam-relays-external:mx.bench.test")
            .Split(' '),
            Words("""
                From: "Ann" <ann+x@mail.example.org>
                Message-Id: <1aBcDeF-0001Ab-0C@exim.example.org>
                X-Mailer: Foo-Mail 1.2
                Received: from a.example.org (a.example.org [192.0.2.7]) by mx.bench.test (Postfix) with ESMTP
                 id A1B2C3D4E5 for <x@y.z>; Mon, 2 Nov 2026 10:00:01 +0000
                Content-Type: text/plain; charset=utf-8; boundary="--=_ab1.x"
                Subject: s
                DKIM-Signature: v=1


                """));

    [Fact]
    public void Scripts_without_blanks_give_their_characters() =>
        Assert.Equal(["u8:\u00e6\u0097\u00a5", "u8:\u00e6\u009c\u00ac"], Words(
            "Content-Type: text/plain; charset=utf-8\n\n\u00e6\u0097\u00a5\u00e6\u009c\u00ac\u00e6\u0097\u00a5\u00e6\u009c\u00ac"
                + "\u00e6\u0097\u00a5\u00e6\u009c\u00ac\n").Where(w => w[0] != 'H'));

    /// <summary>Robinson's estimates and Fisher's sum, the shares of both kinds in it; the numbers are those of CombineChi.pm.</summary>
    [Theory]
    [InlineData(300, 100, 0.5215)]
    [InlineData(200, 200, 0.5414)]
    public void The_shares_of_both_kinds_count(int spam, int ham, double expected)
    {
        TokenCounts[] tokens = [new(5, 0), new(40, 1), new(0, 2)];
        Assert.Equal(expected, BayesCombiner.Probability(tokens, new(spam, ham))!.Value, 4);
        Assert.Null(BayesCombiner.Probability(tokens, new(spam, 0)));
    }

    [Fact]
    public void A_token_has_the_number_it_had()
    {
        var number = BitConverter.ToInt64(SHA256.HashData("token"u8)) & long.MaxValue;
        Assert.Equal(number, TokenHash.Of("token"u8));
        Assert.Equal(number, TokenHash.Of("token"u8));
    }

    [Fact]
    public void Many_threads_get_the_same_numbers()
    {
        var words = Enumerable.Range(0, 100_000).Select(i => Encoding.ASCII.GetBytes($"word{i % 50_000}")).ToArray();
        var numbers = new long[words.Length];
        Parallel.For(0, words.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => numbers[i] = TokenHash.Of(words[i]));
        for (var i = 0; i < words.Length; i++)
        {
            Assert.Equal(BitConverter.ToInt64(SHA256.HashData(words[i])) & long.MaxValue, numbers[i]);
        }
    }

    private static SortedSet<string> Words(string mail)
    {
        var words = new SortedSet<string>(StringComparer.Ordinal);
        BayesLearner.Tokens(_learner.Open(Encoding.Latin1.GetBytes(mail)), token => words.Add(Encoding.Latin1.GetString(token)));
        return words;
    }
}
