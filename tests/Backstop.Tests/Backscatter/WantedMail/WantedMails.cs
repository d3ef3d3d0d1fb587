using System.Text;

namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>
/// Makes mail that people want, from letters in many languages, habits of senders and whole mails; the same seed makes the same
/// mail.
/// </summary>
/// <remarks>
/// Nothing here knows the classifier's tables: the letters say what such mail says, stock phrases of bounces and vacation answers
/// included.
/// </remarks>
internal static class WantedMails
{
    private static readonly string _folder = Path.Combine(HouseRulesTests.Root(), "tests", "Backstop.Tests", "Backscatter", "WantedMail");

    private static readonly Lazy<List<Letter>> _letters = new(() => [.. Files("letters", "*.txt").SelectMany(Letter.Read)]);
    private static readonly Lazy<List<Habit>> _habits = new(() => [.. Habit.Read(Path.Combine(_folder, "habits.txt"))]);
    private static readonly Lazy<List<(string Name, string Text)>> _wholes = new(() =>
        [.. Files("whole", "*.eml").Select(f => (Path.GetFileNameWithoutExtension(f), File.ReadAllText(f)))]);

    /// <summary>The letters; each is written at least once from every seed.</summary>
    public static IReadOnlyList<Letter> Letters => _letters.Value;

    /// <summary>The habits.</summary>
    public static IReadOnlyList<Habit> Habits => _habits.Value;

    /// <summary>Makes a letter twice, by habits that chance chooses, and a whole mail once.</summary>
    public static List<Wanted> From(int seed)
    {
        var random = new Random(seed);
        var mails = new List<Wanted>();
        for (var i = 0; i < 2; i++)
        {
            mails.AddRange(Letters.Select(letter => Write(letter, Fitting(letter, random), random)));
        }

        mails.AddRange(_wholes.Value.Select(w => Whole(w.Name, w.Text, random)));
        return mails;
    }

    private static Habit Fitting(Letter letter, Random random)
    {
        var fitting = Habits.Where(h => h.Writes(letter)).ToList();
        return fitting.Count > 0
            ? fitting[random.Next(fitting.Count)]
            : throw new FormatException($"no habit writes about '{letter.Topic}' in {letter.Language}");
    }

    private static Wanted Write(Letter letter, Habit habit, Random random)
    {
        var slots = new Slots(random);
        var (subject, body) = (slots.Fill(letter.Subject), slots.Fill(letter.Body));
        var wire = WireText.Choose(letter.Language, subject + body, random);
        var text = new StringBuilder();
        foreach (var field in habit.Fields)
        {
            if (field == "{answer}")
            {
                text.Append(
                    letter.IsAnswer ? slots.Fill(
                        "In-Reply-To: <{hex:answered}@example.org>\nReferences: <{hex:answered}@example.org>\n") : "");
            }
            else
            {
                text.Append(field == "{subject}" ? $"Subject: {wire.Field(subject)}" : slots.Fill(field)).Append('\n');
            }
        }

        var shape = habit.Shapes[random.Next(habit.Shapes.Count)];
        text.Append("MIME-Version: 1.0\n").Append(BodyShape.Write(shape, body, wire, slots));
        return new(habit.Name, letter.Language, letter.Topic, slots.Fill(habit.Path), Crlf(text.ToString()));
    }

    // The first line of a whole mail is its Return-Path, as a mail server would write it.
    private static Wanted Whole(string name, string text, Random random)
    {
        var slots = new Slots(random);
        var (first, rest) = (
            text[..text.IndexOf('\n', StringComparison.Ordinal)], text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        var path = slots.Fill(first)["Return-Path: <".Length..^1];
        return new(name, "en", "whole", path, Crlf(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(slots.Fill(rest)))));
    }

    private static string Crlf(string text) => text.Replace("\n", "\r\n", StringComparison.Ordinal);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(_folder, folder), pattern).Order(StringComparer.Ordinal);
}
