namespace Backstop.Recipes.Language;

/// <summary>What substitutions stand for.</summary>
internal interface IRcValues
{
    /// <summary>Whether values are those of a run. If not, a text is read as far as any value could make it go.</summary>
    bool AreKnown { get; }

    /// <summary>A variable's value; null where it is not set. A digit names an argument.</summary>
    string? Variable(string name);

    /// <summary>Whether a variable's value comes from a message.</summary>
    bool IsFromMail(string name);

    /// <summary>The value of <c>$$</c>, <c>$?</c>, <c>$#</c>, <c>$=</c>, <c>$_</c> or <c>$-</c>.</summary>
    string Special(char name);

    /// <summary>Runs a command in backquotes.</summary>
    /// <param name="command">What stands between the backquotes, as written.</param>
    /// <param name="room">How many octets of its output there is room for.</param>
    string Output(string command, int room);

    /// <summary>Whether a command is the shell's to read.</summary>
    bool IsForShell(string command);

    /// <summary>Logs a text that cannot be read, such as a bad substitution.</summary>
    void Complain(string text);
}
