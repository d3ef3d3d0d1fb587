using System.Buffers;

namespace Backstop.Recipes.Running;

/// <summary>A text with the values of its variables.</summary>
/// <param name="Text">The text.</param>
/// <param name="FromMail">Where what a message wrote stands in it.</param>
internal readonly record struct Expanded(string Text, IReadOnlyList<Range> FromMail)
{
    // What a shell, or procmail's own reader, takes for more than a part of a word.
    private static readonly SearchValues<char> _commandMarks = SearchValues.Create("&|<>~;?*[]$`\"'\\\n(){}#");

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
