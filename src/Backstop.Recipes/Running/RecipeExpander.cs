using System.Globalization;
using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>
/// Puts values in the place of <c>$NAME</c> and outputs in the place of <c>`command`</c>, and takes quotes off (procmailrc(5),
/// "Substitution").
/// </summary>
/// <param name="state">The variables.</param>
/// <param name="log">Told of bad substitutions.</param>
/// <param name="execute">Runs a command and returns at most the given number of octets of its output.</param>
internal sealed class RecipeExpander(RecipeState state, RecipeLog log, Func<string, int, string> execute) : IRcValues
{
    private const string ProgramName = "procmail";

    /// <summary>Whether commands in backquotes are run: not in a text that a message may have written.</summary>
    public bool RunsCommands { get; set; } = true;

    /// <summary>Whether the last text was longer than LINEBUF: then what is returned is not all of it.</summary>
    public bool HasOverflowed { get; private set; }

    /// <summary>The value of an assignment: one word, whatever was in the variables.</summary>
    /// <param name="raw">As written.</param>
    /// <param name="name">The variable, which stands in the same line.</param>
    public Expanded Value(string raw, string name = "") => Read(raw, RcReading.Value, name.Length + 1);

    /// <summary>A text of several words, whose blanks stay.</summary>
    /// <param name="raw">As written.</param>
    /// <param name="name">The variable that it is for.</param>
    public Expanded Text(string raw, string name = "") => Read(raw, RcReading.Text, name.Length + 1);

    /// <summary>A condition behind its dollar: a double quote is open where it begins.</summary>
    /// <param name="raw">As written.</param>
    public Expanded Quoted(string raw) => Read(raw, RcReading.Text, used: 0, isQuoted: true);

    /// <summary>Whether a message has written the dash that begins one of the words read last.</summary>
    public bool HasOptionOfMail { get; private set; }

    /// <summary>The words of a command or of addresses.</summary>
    /// <param name="raw">As written.</param>
    /// <param name="shown">The words as procmail logs them, where <c>"$@"</c> is an empty one.</param>
    public List<string> Words(string raw, out List<string> shown)
    {
        var reader = Reader(raw, 0, RcReading.Words, used: 0).Read();
        HasOverflowed = reader.HasOverflowed;
        HasOptionOfMail = new Expanded(reader.Text, reader.FromMail).HasOptionOfMail;
        shown = reader.Words;
        var words = new List<string>(shown);
        if (reader.ArgumentsWord is >= 0 and var at && state.Arguments.Count > 0)
        {
            words.RemoveAt(at);
            words.InsertRange(at, state.Arguments);
        }

        return words;
    }

    /// <summary>The folders of an action.</summary>
    /// <param name="raw">As written.</param>
    public List<string> Folders(string raw)
    {
        var at = 0;
        var name = RcFolderNames.ReadName(raw, ref at);
        var reader = Reader(raw, at, RcReading.Words, name.Length).Read();
        HasOverflowed = reader.HasOverflowed;
        var names = (name + reader.Text).Split('\0');

        // Behind the first an empty name is a folder that a variable did not name.
        return [names[0], .. names.Skip(1).Where(n => n.Length > 0)];
    }

    /// <summary>The first line of a recipe.</summary>
    /// <param name="raw">Behind the colon that begins it.</param>
    public RcHead Head(string raw)
    {
        var reader = Reader(raw, 0, RcReading.Words, used: 0).Read();
        HasOverflowed = reader.HasOverflowed;
        return RcHead.Parse(reader.Words);
    }

    bool IRcValues.AreKnown => true;

    string? IRcValues.Variable(string name) => !char.IsAsciiDigit(name[0]) ? state.Variables[name]
        : name[0] == '0' ? ProgramName
        : name[0] - '1' < state.Arguments.Count ? state.Arguments[name[0] - '1'] : null;

    // What stands in arguments the mail server has from the envelope.
    bool IRcValues.IsFromMail(string name) => name.Length > 0 && (char.IsAsciiDigit(name[0]) || state.Variables.IsFromMail(name));

    string IRcValues.Special(char name) => name switch
    {
        '$' => Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        '?' => state.LastStatus.ToString(CultureInfo.InvariantCulture),
        '#' => state.Arguments.Count.ToString(CultureInfo.InvariantCulture),
        '_' => state.RcFile,
        '-' => state.Variables.Text("LASTFOLDER"),
        _ => state.Score.ToString(CultureInfo.InvariantCulture),
    };

    string IRcValues.Output(string command, int room)
    {
        if (RunsCommands)
        {
            return execute(command, room);
        }

        log.Deviate("L40", $"`{command}` is not run: a message may have written it");
        return "";
    }

    bool IRcValues.IsForShell(string command) => IsForShell(command);

    void IRcValues.Complain(string text) => log.Say(text);

    /// <summary>Whether a command has a character that only the shell knows.</summary>
    /// <param name="command">As written.</param>
    public bool IsForShell(string command) =>
        command.AsSpan().ContainsAny(state.Variables.TextUnlessTaken("SHELLMETAS", RecipeDefaults.ShellMetas));

    private Expanded Read(string raw, RcReading reading, int used, bool isQuoted = false)
    {
        var reader = Reader(raw, 0, reading, used, isQuoted).Read();
        HasOverflowed = reader.HasOverflowed;
        return new(reader.Text, reader.FromMail);
    }

    private RcReader Reader(string raw, int at, RcReading reading, int used, bool isQuoted = false) =>
        new(raw, at, reading, this, Math.Max(1, state.LineBuffer - used), isQuoted);
}
