namespace Backstop.Recipes.Running;

/// <summary>Runs what recipes name: directly where procmail would, through the shell where the line needs one.</summary>
internal sealed class RecipePrograms
{
    private static readonly ReadOnlyMemory<byte> _newline = "\n"u8.ToArray();

    private static readonly char[] _blanks = [' ', '\t', '\n'];

    private readonly RecipeState _state;
    private readonly RecipeLog _log;
    private readonly IRecipeHost _host;
    private readonly RecipeOptions _options;
    private readonly RecipeBudget _budget;

    public RecipePrograms(RecipeState state, RecipeLog log, IRecipeHost host, RecipeOptions options, RecipeBudget budget)
    {
        _budget = budget;
        _state = state;
        _log = log;
        _host = host;
        _options = options;
        Expander = new(state, log, Execute);
    }

    public RecipeExpander Expander { get; }

    /// <summary>A command, and how the log shows it.</summary>
    public RecipeCommand Parse(string command)
    {
        if (!Expander.IsForShell(command))
        {
            var expander = Nested();
            var words = expander.Words(command, out var shown);
            if (!expander.HasOverflowed)
            {
                return Named(words, shown);
            }

            // procmail: what is too long for one line of words is the shell's to read.
            SayOverflow();
        }

        return new([Own("SHELL", RecipeDefaults.Shell), Own("SHELLFLAGS", RecipeDefaults.ShellFlags), command], command, command);
    }

    /// <summary>What complaints call a command that is not run: its first word where no shell would read it.</summary>
    /// <param name="command">As written.</param>
    public string NameOf(string command)
    {
        if (!_options.IsStrict || Expander.IsForShell(command) || Split(command) is not [var first, ..])
        {
            return command;
        }

        // What stands in backquotes is run once, where the command is.
        return first.Contains('`', StringComparison.Ordinal) ? first : Nested().Words(first, out _).FirstOrDefault(first);
    }

    /// <summary>The mailer with its flags and addresses; null where they are longer than LINEBUF.</summary>
    /// <param name="arguments">The addresses as written.</param>
    /// <param name="hasOptionOfMail">Whether a message wrote a word that the mailer takes for an option.</param>
    public RecipeCommand? ParseForward(string arguments, out bool hasOptionOfMail)
    {
        var expander = Nested();
        var words = expander.Words(arguments, out var shown);
        hasOptionOfMail = expander.HasOptionOfMail;
        if (expander.HasOverflowed)
        {
            SayOverflow();
            return null;
        }

        // What these two name is taken as it is: only blanks divide it.
        var mailer = Split(Own("SENDMAIL", RecipeDefaults.Sendmail)) is { Length: > 0 } named ? named.ToList() : [""];
        mailer.AddRange(Split(Flags()));
        return Named([.. mailer, .. words], [.. mailer, .. shown]);
    }

    /// <summary>Logs, and remembers, that a line was longer than LINEBUF.</summary>
    public void SayOverflow()
    {
        _log.Say("Exceeded LINEBUF");
        _state.Variables["PROCMAIL_OVERFLOW"] = "yes";
    }

    /// <summary>Runs a command.</summary>
    /// <param name="command">The command, read.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="output">Where its output goes.</param>
    /// <param name="waits">Whether its end is waited for.</param>
    /// <param name="setsStatus">Whether <c>$?</c> becomes its exit code: not where procmail does not wait for it.</param>
    public ProgramOutcome Run(
        RecipeCommand command, IReadOnlyList<ReadOnlyMemory<byte>> input, ProgramOutput output, bool waits,
        bool setsStatus = true)
    {
        _log.Trace($"Executing \"{string.Join(',', command.Arguments)}\"");
        var program = new ProgramCall(
            command.Arguments, _state.Variables.All, _state.Directory, input, output, waits,
            _state.Variables.Seconds("TIMEOUT"), _state.Umask);
        if (!_host.IsRepeatable(program))
        {
            _budget.BeforeActing(command.Shown);
        }

        var outcome = _host.Run(program);
        _state.LastStatus = setsStatus && outcome.Status is { } status ? status : _state.LastStatus;
        if (outcome.TimedOut)
        {
            _log.Say($"Timeout, terminating \"{command.Name}\"");
        }

        return outcome;
    }

    /// <summary>A part of the message for a program: a mail ends in an empty line for it, unless it is given raw.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Input(ReadOnlyMemory<byte> part, bool isRaw) =>
        isRaw || part.Span.EndsWith("\n\n"u8) ? [part] : [part, _newline];

    // The program that a variable names; the usual one where the message has named it.
    private string Own(string variable, string usual)
    {
        if (_options.IsStrict || !_state.Variables.Written(variable).NamesProgram)
        {
            return Reserved(variable, usual);
        }

        _log.Deviate("L40", $"{usual} is taken: the message may have written {variable}; write its value into the rcfile");
        return usual;
    }

    // The mailer's options are the rcfile's: a message could have it read another configuration, or write a log where it likes.
    private string Flags()
    {
        if (_options.IsStrict || _state.Variables.Written("SENDMAILFLAGS").FromMail.Count == 0)
        {
            return Reserved("SENDMAILFLAGS", RecipeDefaults.SendmailFlags);
        }

        _log.Deviate(
            "L40",
            $"{RecipeDefaults.SendmailFlags} is taken: the message may have written SENDMAILFLAGS; write its value into the rcfile");
        return RecipeDefaults.SendmailFlags;
    }

    // procmail runs nothing where the rcfile took the variable away, and the mail is gone.
    private string Reserved(string variable, string usual) =>
        _options.IsStrict ? _state.Variables.TextUnlessTaken(variable, usual) : _state.Variables.Text(variable, usual);

    private RecipeCommand Named(List<string> arguments, List<string> shown)
    {
        var line = string.Join(' ', shown);
        return new(arguments, line, _options.IsStrict ? shown.FirstOrDefault("") : line);
    }

    private static string[] Split(string text) => text.Split(_blanks, StringSplitOptions.RemoveEmptyEntries);

    // `command`: the whole message goes in, the output without its last newlines comes back.
    private string Execute(string command, int room)
    {
        var parsed = Parse(command);
        if (parsed.Arguments is [""])
        {
            // procmail has the shell read a file without a name.
            _state.LastStatus = 2;
            return "";
        }

        var outcome = Run(parsed, Input(_state.Message.Octets, isRaw: false), ProgramOutput.Wanted, waits: true);
        var output = Octets.ToText(outcome.Output.Span);
        if (output.Length > room)
        {
            _log.Say($"Excessive output quenched from \"{parsed.Name}\"");
            output = output[..room];
        }

        return Octets.UntilNul(output).TrimEnd('\n');
    }

    // A command within a value is read while the value is.
    private RecipeExpander Nested() => new(_state, _log, Execute);
}
