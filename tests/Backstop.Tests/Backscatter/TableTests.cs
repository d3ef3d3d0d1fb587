using System.Text.RegularExpressions;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>The tables are data that people edit: a slip in a row would otherwise be silent.</summary>
public sealed partial class TableTests
{
    [Fact]
    public void Wording_rows_are_whole_and_each_stands_once()
    {
        var rows = TableFile.Read("wording.tsv");
        Assert.All(rows, r =>
        {
            Assert.Equal(4, r.Length);
            Assert.NotNull(MailKindWord.Parse(r[0]));
            Assert.Contains(r[2], new[] { "subject", "subject!", "prefix", "subject*", "body", "body~" });
            Assert.False(string.IsNullOrWhiteSpace(r[3]), string.Join('|', r));
            Assert.InRange(r[3].Length, 2, 200);
        });
        Assert.Empty(rows.GroupBy(r => $"{r[0]} {r[2]} {r[3].ToLowerInvariant()}", StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    /// <summary>A weak word that a strong one of the same kind contains would be found with it and say nothing more; the other way round it would be lost.</summary>
    [Fact]
    public void Words_are_not_weak_and_strong_at_once()
    {
        var rows = TableFile.Read("wording.tsv");
        var strong = rows.Where(r => r[2] == "body").Select(r => $"{r[0]} {r[3].ToLowerInvariant()}").ToHashSet(StringComparer.Ordinal);
        Assert.Empty(rows.Where(r => r[2] == "body~" && strong.Contains($"{r[0]} {r[3].ToLowerInvariant()}")).Select(r => r[3]));
    }

    [Fact]
    public void Sender_rows_are_whole()
    {
        Assert.All(TableFile.Read("senders.tsv"), r =>
        {
            Assert.InRange(r.Length, 3, 4);
            Assert.Contains(r[1], new[] { "local", "name", "mailer", "field" });
            Assert.True(r[1] != "field" || (r.Length == 4 && MailKindWord.Parse(r[0]) is not null), string.Join('|', r));
            Assert.True(r[1] != "field" || r[2].Length > 3, string.Join('|', r));
            Assert.True(r[1] == "field" || r[0] is "daemon" or "administrator" or "disguise" or "person" or "scanner", string.Join('|', r));
            Assert.True(r[1] != "local" || !r[2].Any(char.IsUpper), string.Join('|', r));
        });
    }

    [Fact]
    public void Status_rows_are_codes_and_words() => Assert.All(TableFile.Read("status.tsv"), r =>
    {
        Assert.Equal(2, r.Length);
        Assert.Matches(Code(), r[0]);
        Assert.False(string.IsNullOrWhiteSpace(r[1]));
    });

    [GeneratedRegex(@"^[45]\.\d{1,3}\.\d{1,3}$")]
    private static partial Regex Code();
}
