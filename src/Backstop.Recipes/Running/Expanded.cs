using System.Buffers;

namespace Backstop.Recipes.Running;

/// <summary>A text with the values of its variables.</summary>
/// <param name="Text">The text after expansion.</param>
/// <param name="FromMail">Where what a message wrote stands in it.</param>
internal readonly record struct Expanded(string Text, IReadOnlyList<Range> FromMail)
{
    // What a shell, or procmail's own reader, takes for more than a part of a word.
    private static readonly SearchValues<char> _commandMarks = SearchValues.Create("&|<>~;?*[]$`\"'\\\n(){}#");

    // Behind these, or at the beginning, a word names a program; blanks and quotes may stand between.
    private static readonly SearchValues<char> _commandBeginnings = SearchValues.Create("&|;`\n(){!");

    private static readonly SearchValues<char> _wordEnds = SearchValues.Create(" \t\n;&|`(){!");

    /// <summary>The places of a text that the message wrote from beginning to end.</summary>
    public static IReadOnlyList<Range> Whole { get; } = [Range.All];

    /// <summary>Whether a message has written the name of a program in the text, or more than part of a word.</summary>
    public bool IsCommandOfMail => MayBreakCommand || NamesProgram;

    /// <summary>Whether a message has written a word that names a program, where the text is read as a command.</summary>
    public bool NamesProgram
    {
        get
        {
            foreach (var range in FromMail)
            {
                var (start, length) = range.GetOffsetAndLength(Text.Length);
                var word = Text.AsSpan(0, start);
                var blanks = Text.AsSpan(start, length);
                blanks = blanks[..(length - blanks.TrimStart(" \t").Length)];

                // "x$A" names a program too: the word that a value stands in counts, not the value alone.
                word = blanks.IsEmpty ? word[..(word.LastIndexOfAny(_wordEnds) + 1)] : word;
                var before = word.TrimEnd(" \t\"'");
                if (length > blanks.Length && (before.IsEmpty || _commandBeginnings.Contains(before[^1])))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether the text, read as a command, runs what a message has written.</summary>
    public bool MayBreakCommand
    {
        get
        {
            foreach (var range in FromMail)
            {
                if (Text.AsSpan(range).ContainsAny(_commandMarks))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether a message has written the dash that begins a word, where the words are divided by NUL.</summary>
    public bool HasOptionOfMail
    {
        get
        {
            for (var at = 0; at >= 0 && at < Text.Length; at = Text.IndexOf('\0', at) is >= 0 and var end ? end + 1 : -1)
            {
                if (Text[at] == '-' && IsFromMail(at))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether a message wrote the character at a place.</summary>
    /// <param name="at">The place.</param>
    public bool IsFromMail(int at)
    {
        foreach (var range in FromMail)
        {
            var (start, length) = range.GetOffsetAndLength(Text.Length);
            if (at >= start && at < start + length)
            {
                return true;
            }
        }

        return false;
    }
}
