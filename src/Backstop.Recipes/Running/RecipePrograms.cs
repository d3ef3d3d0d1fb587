namespace Backstop.Recipes.Running;

/// <summary>Runs what recipes name: directly where procmail would, through the shell where the line needs one.</summary>
internal sealed class RecipePrograms
{
    private static readonly ReadOnlyMemory<byte> _newline = "\n"u8.ToArray();

    private readonly RecipeState _state;
    private readonly RecipeLog _log;
    private readonly IRecipeHost _host;
    private readonly RecipeBudget _budget;

    public RecipePrograms(RecipeState state, RecipeLog log, IRecipeHost host, RecipeBudget budget)
    {
        _budget = budget;
        _state = state;
        _log = log;
        _host = host;
        Expander = new(state, log, Execute);
    }

    public RecipeExpander Expander { get; private set; }

    /// <summary>A command, and how the log shows it.</summary>
    public (List<string> Arguments, string Shown) Parse(string command)
    {
        var shell = _state.Variables.Text("SHELL", RecipeDefaults.Shell);
        if (command.AsSpan().IndexOfAny(_state.Variables.Text("SHELLMETAS", RecipeDefaults.ShellMetas)) >= 0)
        {
            return ([shell, _state.Variables.Text("SHELLFLAGS", RecipeDefaults.ShellFlags), command], command);
        }

        return ParseWords(command);
    }

    /// <summary>A command that is never the shell's to read.</summary>
    public (List<string> Arguments, string Shown) ParseWords(string command)
    {
        var words = Nested().Words(command, withArguments: true, out var shown);
        return (words, string.Join(' ', shown));
    }

    /// <summary>Runs a command.</summary>
    public ProgramOutcome Run(
        (List<string> Arguments, string Shown) command, IReadOnlyList<ReadOnlyMemory<byte>> input, ProgramOutput output, bool waits)
    {
        _log.Trace($"Executing \"{string.Join(',', command.Arguments)}\"");
        var program = new ProgramCall(
            command.Arguments, _state.Variables.All, _state.Directory, input, output, waits,
            _state.Variables.Seconds("TIMEOUT", 960), _state.Umask);
        if (!_host.IsRepeatable(program))
        {
            _budget.BeforeActing(command.Shown);
        }

        var outcome = _host.Run(program);
        _state.LastStatus = outcome.Status ?? 0;
        if (outcome.TimedOut)
        {
            _log.Say($"Timeout, terminating \"{command.Shown}\"");
        }

        return outcome;
    }

    /// <summary>A part of the message for a program: a mail ends in an empty line for it, unless it is given raw.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Input(ReadOnlyMemory<byte> part, bool isRaw) =>
        isRaw || part.Span.EndsWith("\n\n"u8) ? [part] : [part, _newline];

    // `command`: the whole message goes in, the output without its last newlines comes back.
    private string Execute(string command)
    {
        var parsed = Parse(command);
        if (parsed.Arguments.Count == 0)
        {
            return "";
        }

        var outcome = Run(parsed, Input(_state.Message.Octets, isRaw: false), ProgramOutput.Wanted, waits: true);
        return Octets.UntilNul(Octets.ToText(outcome.Output.Span)).TrimEnd('\n');
    }

    // A command within a value is read while the value is.
    private RecipeExpander Nested() => new(_state, _log, Execute);
}
