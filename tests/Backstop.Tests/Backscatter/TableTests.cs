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
            Assert.Contains(r[2], new[] { "subject", "prefix", "subject*", "body", "body~" });
            Assert.False(string.IsNullOrWhiteSpace(r[3]), string.Join('|', r));
            Assert.InRange(r[3].Length, 2, 200);
        });
        Assert.Empty(
            rows.GroupBy(
                r => $"{r[0]} {r[2]} {r[3].ToLowerInvariant()}", StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    /// <summary>
    /// What another row of the same kind, format and place finds already says nothing more. A subject's start must begin with it; a
    /// prefix is not one of them, for the colon must follow it.
    /// </summary>
    [Fact]
    public void No_row_stands_in_another_ones_words()
    {
        var rows = TableFile.Read("wording.tsv").Where(r => r[2] != "prefix").ToList();
        var inVain = rows.GroupBy(r => string.Join('\t', r[..3]), StringComparer.Ordinal)
            .SelectMany(g => g.Where(r => g.Any(other => !ReferenceEquals(other, r) && IsFoundBy(other[3], r))))
            .Select(r => string.Join(' ', r));
        Assert.Empty(inVain);
    }

    private static bool IsFoundBy(string shorter, string[] row) => row[2] == "subject"
        ? row[3].StartsWith(shorter, StringComparison.OrdinalIgnoreCase) : row[3].Contains(shorter, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Words_for_the_readers_mail_are_whole_and_each_stands_once()
    {
        var rows = TableFile.Read("yours.tsv");
        Assert.All(rows, r =>
        {
            Assert.Equal(2, r.Length);
            Assert.Matches("^[a-z]{2}$", r[0]);
            Assert.InRange(r[1].Length, 3, 40);
        });
        Assert.Empty(
            rows.Where(r =>
                rows.Any(other =>
                    !ReferenceEquals(other, r) && r[1].Contains(other[1], StringComparison.OrdinalIgnoreCase))).Select(r => r[1]));
    }

    /// <summary>
    /// A weak word that a strong one of the same kind contains would be found with it and say nothing more; the other way round it
    /// would be lost.
    /// </summary>
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
            Assert.Contains(r[1], new[] { "local", "local~", "name", "name~", "mailer", "field" });
            Assert.True(r[1] != "field" || (r.Length == 4 && MailKindWord.Parse(r[0]) is not null), string.Join('|', r));
            Assert.True(r[1] != "field" || r[2].Length > 3, string.Join('|', r));
            Assert.True(r[1] == "field" || r[0] is "daemon" or "administrator" or "disguise" or "person" or "scanner", string.Join('|', r));
            Assert.True(!r[1].StartsWith("local", StringComparison.Ordinal) || !r[2].Any(char.IsUpper), string.Join('|', r));
        });
    }

    /// <summary>
    /// Behind "listed in", the words of a block list, "not listed in" was never found: "user not listed in directory" was 5.7.1.
    /// </summary>
    [Fact]
    public void No_status_row_is_hidden_by_one_above_it() =>
        Assert.All(TableFile.Read("status.tsv"), r => Assert.Equal((r[0], r[1]), StatusWords.Row(r[1])));

    [Fact]
    public void Status_rows_are_codes_and_words() => Assert.All(TableFile.Read("status.tsv"), r =>
    {
        Assert.Equal(2, r.Length);
        Assert.Matches(Code(), r[0]);
        Assert.False(string.IsNullOrWhiteSpace(r[1]));
    });

    [Fact]
    public void Reason_rows_are_whole_and_each_stands_once()
    {
        var rows = TableFile.Read("reasons.tsv");
        Assert.All(rows, r =>
        {
            Assert.Contains(
                string.Join(' ', r[0], r[2]),
                new[] { "reason coded", "reason soft", "code firm", "code vague", "words strong", "words weak" });
            Assert.NotNull(BounceReasonWord.Parse(r[1]));
            Assert.True(r[0] != "code" || AnyCode().IsMatch(r[3]), r[^1]);
            Assert.True(r[0] != "words" || (r[3].Trim('*').Length > 2 && r[3] == r[3].ToLowerInvariant().Trim()), string.Join('|', r));
        });
        Assert.Equal(
            Enum.GetValues<BounceReason>(), rows.Where(r => r[0] == "reason").Select(r => BounceReasonWord.Parse(r[1])!.Value).Order());
        Assert.Empty(rows
            .GroupBy(r => string.Join(' ', r.Where((_, i) => i is 0 or 3 or 4 || (i == 1 && r[0] == "reason"))), StringComparer.Ordinal)
            .Where(g => g.Count() > 1).Select(g => g.Key));
    }

    /// <summary>A row that another one hides would say nothing: its own words must find it.</summary>
    [Fact]
    public void Reason_words_find_their_own_row() => Assert.All(
        ReasonTable.Phrases, p => Assert.Same(p, ReasonTable.Find(p.Words, p.Code?.Replace('x', '5') ?? "5.0.0", _ => true)));

    [GeneratedRegex(@"^x\.\d\.(\d{1,3}|\*)$")]
    private static partial Regex AnyCode();

    /// <summary>A label that ends in another one, at a word's start, is found by that one and stands in vain.</summary>
    [Fact]
    public void Label_rows_are_labels_and_each_stands_once()
    {
        var labels = TableFile.Read("idlabels.tsv");
        Assert.All(labels, r =>
        {
            Assert.Equal(2, r.Length);
            Assert.Matches("^([a-z]{2}|field)$", r[0]);
            Assert.Equal(r[1].Trim(), r[1]);
            Assert.InRange(r[1].Length, 4, 40);
            Assert.InRange(r[1].Split(' ').Length, 1, 5);
            Assert.DoesNotContain(':', r[1]);
        });
        var known = labels.Select(r => r[1]).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Equal(labels.Count, known.Count);
        Assert.DoesNotContain(known, l => l.Select((c, i) => c == ' ' && known.Contains(l[(i + 1)..])).Any(isInVain => isInVain));
    }

    [GeneratedRegex(@"^[45]\.\d{1,3}\.\d{1,3}$")]
    private static partial Regex Code();
}
