namespace Backstop.Backscatter.Bounces;

/// <summary>Where words stand; their weight depends on it.</summary>
internal enum WordPlace
{
    /// <summary>At the subject's start.</summary>
    SubjectStart,

    /// <summary>At the subject's start, in front of the answered subject, as only machines write.</summary>
    SubjectOwn,

    /// <summary>At the subject's start, where machines put a prefix before the answered subject.</summary>
    SubjectPrefix,

    /// <summary>Anywhere in the subject.</summary>
    Subject,

    /// <summary>In the text; hardly anybody but a server writes them.</summary>
    Body,

    /// <summary>In the text; people write them too.</summary>
    WeakBody,

    /// <summary>A header field's name.</summary>
    Field,
}

/// <summary>A row of <c>wording.tsv</c> that was found in a message.</summary>
/// <param name="Kind">The kind that the words indicate.</param>
/// <param name="Format">The dialect that uses them.</param>
/// <param name="Words">The words as the table has them.</param>
/// <param name="Place">The place where they were found.</param>
internal sealed record WordingHit(MailKind Kind, string Format, string Words, WordPlace Place)
{
    public int Weight => Place switch
    {
        WordPlace.SubjectOwn => 3,
        WordPlace.Subject or WordPlace.WeakBody => 1,
        _ => 2,
    };

    public bool IsStart => Place is WordPlace.SubjectStart or WordPlace.SubjectOwn or WordPlace.SubjectPrefix;

    public override string ToString() => Place switch
    {
        WordPlace.SubjectStart or WordPlace.SubjectOwn or WordPlace.SubjectPrefix or WordPlace.Subject => $"subject says \"{Words}\"",
        WordPlace.Field => $"carries the field {Words}",
        _ => $"text says \"{Words}\"",
    };
}

/// <summary>Finds the words of automatic mail. All phrases for a place are searched in one pass.</summary>
internal sealed class Wording
{
    // More hits add nothing, and a text that consists of phrases must cost no more than another.
    private const int MaxHits = 100;

    private static readonly string[] _negations = [
        "no", "not", "never", "without", "kein", "keine", "keinen", "aucun", "aucune", "sans", "ningún", "sin", "nessun", "geen",
        "inga", "ingen", "nenhum"];

    private static readonly List<string[]> _rows = TableFile.Read("wording.tsv");

    private readonly WordingHit[] _phrases;
    private readonly PhraseIndex _index;

    private Wording(IEnumerable<WordingHit> phrases)
    {
        _phrases = [.. phrases];
        _index = new(_phrases.Select(p => p.Words));
    }

    private static Wording SubjectStart { get; } = new(
        [.. Rows(WordPlace.SubjectPrefix, "prefix"), .. Rows(WordPlace.SubjectStart, "subject")]);

    private static Wording Subject { get; } = new(Rows(WordPlace.Subject, "subject*"));

    private static Wording Body { get; } = new([.. Rows(WordPlace.Body, "body"), .. Rows(WordPlace.WeakBody, "body~")]);

    /// <summary>Returns the words found in a subject; those at its beginning first.</summary>
    public static IReadOnlyList<WordingHit> OfSubject(string subject)
    {
        // Brackets, stars and exclamation marks before the words are decoration.
        var start = subject.AsSpan().TrimStart(" [](){}*!\"'<>:-\t");
        return SubjectStart.AtStart(start) is { } first ? [first, .. Subject.Find(subject)] : Subject.Find(subject);
    }

    /// <summary>Returns the words found in a text, in the order of the table.</summary>
    public static IReadOnlyList<WordingHit> OfBody(string words) => Body.Find(words);

    private IReadOnlyList<WordingHit> Find(ReadOnlySpan<char> text)
    {
        using var places = _index.In(text);
        SortedSet<int>? found = null;
        for (var hits = 0; hits < MaxHits && places.Next(); hits++)
        {
            if (!IsNegated(text[..places.At]))
            {
                (found ??= []).Add(places.Phrase);
            }
        }

        return found is null ? [] : [.. found.Select(i => _phrases[i])];
    }

    // "No viruses were found" means the opposite of the words after "No".
    private static bool IsNegated(ReadOnlySpan<char> before)
    {
        before = before.TrimEnd(' ');
        var word = before[(before.LastIndexOf(' ') + 1)..];
        foreach (var no in _negations)
        {
            if (word.Equals(no, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // The longest phrase: "Delivery Status Notification (Delay)" is more specific than its beginning.
    private WordingHit? AtStart(ReadOnlySpan<char> text)
    {
        using var places = _index.In(text[..Math.Min(text.Length, _index.Longest)]);
        WordingHit? longest = null;
        while (places.Next() && places.At == 0)
        {
            longest = _phrases[places.Phrase].Words.Length > (longest?.Words.Length ?? 0) ? _phrases[places.Phrase] : longest;
        }

        return longest is { Place: WordPlace.SubjectPrefix } && PrecedesSubject(text[longest.Words.Length..].TrimStart("ź \u00A0"))
            ? longest with { Place = WordPlace.SubjectOwn } : longest;
    }

    // ": our subject" or "] our subject". With nothing behind it, nothing is answered.
    private static bool PrecedesSubject(ReadOnlySpan<char> rest) =>
        rest is [':' or '：' or ']' or '】' or ')', ..] && !rest[1..].Trim(" :：\u00A0").IsEmpty;

    private static IEnumerable<WordingHit> Rows(WordPlace place, string name) =>
        _rows.Where(r => r[2] == name).Select(r => new WordingHit(MailKindWord.Parse(r[0])!.Value, r[1], r[3], place));
}
