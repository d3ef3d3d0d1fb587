using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Learning;

/// <summary>
/// Words of a text as the learner takes them (Plugin/Bayes.pm, _tokenize_line): too short ones go, long ones keep their beginning,
/// and a word counts as written, without its marks and in lower case.
/// </summary>
internal sealed class TokenText(ICollection<string> tokens)
{
    private const int Shortest = 3;
    private const int Longest = 15;
    private const int KeptOfLong = 7;
    private const int MaxTokens = 50_000;

    private static readonly HashSet<string> _stopWords = [.. (
        "able all already and any are because both can come each email even few first for from give have has http information into "
            + "it's just know like long look made mail "
        + "mailing make many more most much need not now number off one only out own people place right same see such that the this "
        + "through time using web where why with without "
        + "work world year years you your you're").Split(' ')];

    /// <summary>A line of the body or a URI, whose addresses and hosts are taken apart too.</summary>
    public void AddBody(string line, string prefix) => Add(line, prefix, isBody: true);

    public void AddHeader(string text, string prefix) => Add(text, prefix, isBody: false);

    private void Add(string text, string prefix, bool isBody)
    {
        var start = -1;
        var sentenceStart = true;
        for (var i = 0; i <= text.Length && tokens.Count < MaxTokens; i++)
        {
            if (i < text.Length && IsTokenCharacter(text[i]) && !IsBreak(text, i))
            {
                start = start < 0 ? i : start;
                continue;
            }

            if (start >= 0)
            {
                var word = text[start..i];
                AddWord(isBody && sentenceStart ? WithoutTitleCase(word) : word, prefix, isBody);
                sentenceStart = word.EndsWith('.');
                start = -1;
            }
        }
    }

    private void AddWord(string word, string prefix, bool isBody)
    {
        var token = word.Trim('-', '\'', '"', '.', ',');
        if (token.Length < Shortest || _stopWords.Contains(token))
        {
            return;
        }

        if (isBody)
        {
            AddParts(token);
        }

        if (token.Length > Longest && !token.Contains('*'))
        {
            if (AddCharacters(token, prefix))
            {
                return;
            }

            token = string.Concat("sk:", token.AsSpan(0, KeptOfLong));
        }

        tokens.Add(prefix + token);
        if (isBody)
        {
            AddForms(token, prefix);
        }
    }

    private void AddForms(string token, string prefix)
    {
        var plain = string.Concat(token.Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' or '*'));
        var isMarked = plain.Length != token.Length;
        if (isMarked)
        {
            tokens.Add(prefix + plain);
        }

        if (token.Any(char.IsAsciiLetterUpper))
        {
            tokens.Add(prefix + token.ToLowerInvariant());
            if (isMarked)
            {
                tokens.Add(prefix + plain.ToLowerInvariant());
            }
        }
    }

    private void AddParts(string token)
    {
        var at = token.LastIndexOf('@');
        if (at > 0 && at < token.Length - 1)
        {
            AddAddress(token);
            return;
        }

        var dot = token.IndexOf('.', StringComparison.Ordinal);
        while (dot > 0 && dot < token.Length - 1 && char.IsAsciiLetter(token[dot + 1]))
        {
            tokens.Add("UD:" + token[(dot + 1)..]);
            dot = token.IndexOf('.', dot + 1);
        }
    }

    /// <summary>Adds the tokens of an address: the user, the domain and the domains above it.</summary>
    public void AddAddress(string address)
    {
        var at = address.LastIndexOf('@');
        if (at <= 0 || at == address.Length - 1)
        {
            return;
        }

        tokens.Add("U*" + address[..at]);
        for (var domain = address[(at + 1)..]; ; domain = domain[(domain.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            tokens.Add("D*" + domain);
            if (!domain.Contains('.') || domain.EndsWith('.'))
            {
                return;
            }
        }
    }

    /// <summary>Scripts without blanks: every character of three octets or four is a token.</summary>
    private bool AddCharacters(string token, string prefix)
    {
        if (Octets.IsAscii(token))
        {
            return false;
        }

        var found = false;
        for (var i = 0; i < token.Length; i++)
        {
            var length = (byte)token[i] switch { >= 0xE0 and <= 0xEF => 3, >= 0xF0 and <= 0xF4 => 4, _ => 0 };
            if (length > 0 && i + length <= token.Length)
            {
                tokens.Add(prefix + "u8:" + token[i..(i + length)]);
                i += length - 1;
                found = true;
            }
        }

        return found;
    }

    private static string WithoutTitleCase(string word) =>
        word.Length > 1 && char.IsAsciiLetterUpper(word[0]) && !word.AsSpan(1).ContainsAnyInRange('A', 'Z')
            ? char.ToLowerInvariant(word[0]) + word[1..]
            : word;

    /// <summary>Whether a word ends here: at dots or dashes in a row.</summary>
    private static bool IsBreak(string text, int i)
    {
        var c = text[i];
        var needed = c == '.' ? 3 : c == '-' ? 2 : 0;
        if (needed == 0)
        {
            return false;
        }

        var first = i;
        while (first > 0 && text[first - 1] == c)
        {
            first--;
        }

        var last = i;
        while (last + 1 < text.Length && text[last + 1] == c)
        {
            last++;
        }

        return last - first + 1 is var run && run >= needed && run <= 6;
    }

    private static bool IsTokenCharacter(char c) =>
        char.IsAsciiLetterOrDigit(c) || c is ',' or '@' or '*' or '!' or '_' or '\'' or '"' or '$' or '.' or '-' || Octets.IsHigh(c);
}
