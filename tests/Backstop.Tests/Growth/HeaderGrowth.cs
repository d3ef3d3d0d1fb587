using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Text;

namespace Backstop.Tests.Growth;

/// <summary>What reads header fields, and the texts that cost it most.</summary>
internal static class HeaderGrowth
{
    public static IEnumerable<Scanner> All =>
    [
        new("addresses", text => HeaderAddresses.Parse(Octets.FromBytes(text)),
        [
            new("", "<script>", "r"), // each angle may end at any later one
            new("", "<script> ", "r"),
            new("", "<a@b> ", "x"),
            new("", "a@b,"),
            new("", "\""),
            new("", "\\\""),
            new("\"", "\\\"", ""),
            new("", "\"a\" (b <c) ,"), // a comment that begins in words
            new("", "\"q\"(x> <b),", "Z"),
            new("", "\"q\"(x<@y),", "Z"),
            new("", "a@b (\"\\\"), "),
            new("", "a@b\\(\\(\\(\\(,", ")Z"),
            new("", "(", ""),
            new("<", "(", "@"),
            new("<a@b", ">(\\", "Z"),
            new("x ", "<\"", "@"),
            new("", "<a>,x> ", "Z"),
            new("<@", ">", "Z"),
            new("", "a:b@", "<c@d>"),
        ]),
    ];
}
