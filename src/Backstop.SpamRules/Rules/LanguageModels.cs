namespace Backstop.SpamRules.Rules;

/// <summary>
/// The most frequent sequences of letters of each language, most frequent first, from the file <c>languages</c> that is installed with
/// SpamAssassin (Plugin/TextCat.pm).
/// </summary>
internal sealed class LanguageModels
{
    private const int MaxLanguages = 1000;

    private readonly List<string> _languages = [];
    private readonly Dictionary<string, List<(int Language, int Rank)>> _ranks = new(StringComparer.Ordinal);

    public bool IsEmpty => _languages.Count == 0;

    /// <summary>Takes the lines of the file: sequences, and behind those of a language the line <c>0 NAME</c>.</summary>
    public void Load(IReadOnlyList<string> lines)
    {
        var model = new Dictionary<string, int>(StringComparer.Ordinal);
        var rank = 1;
        foreach (var line in lines)
        {
            if (!line.StartsWith("0 ", StringComparison.Ordinal) || line.Length == 2)
            {
                model[line] = rank++;
                continue;
            }

            if (_languages.Count < MaxLanguages)
            {
                Add(line[2..], model);
            }

            (model, rank) = (new(StringComparer.Ordinal), 1);
        }
    }

    /// <summary>
    /// How far each language is from a text, the nearest first. A language in several encodings counts once, with its best.
    /// </summary>
    /// <param name="sequences">Of the text, most frequent first.</param>
    /// <param name="unknown">Distance of a sequence that a language does not have.</param>
    /// <param name="isSkipped">Languages that are not compared, by name without encoding.</param>
    public List<(string Language, double Distance)> Distances(IReadOnlyList<string> sequences, double unknown, Func<string, bool> isSkipped)
    {
        var distances = new double[_languages.Count];
        Array.Fill(distances, unknown * sequences.Count);
        for (var i = 0; i < sequences.Count; i++)
        {
            foreach (var (language, rank) in _ranks.GetValueOrDefault(sequences[i]) ?? [])
            {
                distances[language] += Math.Abs(rank - i) - unknown;
            }
        }

        var best = new Dictionary<string, double>(StringComparer.Ordinal);
        for (var i = 0; i < distances.Length; i++)
        {
            var name = _languages[i];
            var plain = name.Split('.')[0];
            if (!isSkipped(plain))
            {
                name = name.Contains(".utf8", StringComparison.Ordinal) ? plain : name;
                best[name] = Math.Min(best.GetValueOrDefault(name, double.MaxValue), distances[i]);
            }
        }

        return [.. best.Select(b => (b.Key, b.Value)).OrderBy(b => b.Value).ThenBy(b => b.Key, StringComparer.Ordinal)];
    }

    private void Add(string name, Dictionary<string, int> model)
    {
        foreach (var (sequence, rank) in model)
        {
            if (!_ranks.TryGetValue(sequence, out var ranks))
            {
                _ranks[sequence] = ranks = [];
            }

            ranks.Add((_languages.Count, rank));
        }

        _languages.Add(name);
    }
}
