namespace Backstop.Recipes.Language;

/// <summary>
/// How a line of folders begins. procmail looks first whether it is <c>NAME=| command</c>; a name it has read so is taken as it is, and
/// what follows is read as if the line began there: <c>box#a</c> is the folder box and a comment.
/// </summary>
internal static class RcFolderNames
{
    /// <summary>Reads the name that a line begins with.</summary>
    /// <param name="text">The rcfile, or a piece of it.</param>
    /// <param name="at">Where the line begins; where reading goes on.</param>
    /// <returns>What is read, a NUL behind a whole word; empty where the line begins otherwise.</returns>
    public static string ReadName(string text, ref int at)
    {
        var start = at;
        if (at >= text.Length || char.IsAsciiDigit(text[at]))
        {
            return "";
        }

        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
        {
            at++;
        }

        var name = text[start..at];
        if (name.Length == 0)
        {
            return "";
        }

        name += SkipBlanks(text, ref at);
        if (at < text.Length && text[at] == '=')
        {
            at++;
            name += "=";
            name += SkipBlanks(text, ref at);
        }

        return name;
    }

    private static string SkipBlanks(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && text[at] is ' ' or '\t')
        {
            at++;
        }

        return at > start ? "\0" : "";
    }
}
