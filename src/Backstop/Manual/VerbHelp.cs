using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Backstop.Manual;

/// <summary>Prints the help of a verb, then its examples and the exit codes.</summary>
/// <param name="help">Prints the help.</param>
internal sealed class VerbHelp(HelpAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc />
    public override bool ClearsParseErrors => true;

    /// <summary>Adds examples and exit codes to the help of all verbs.</summary>
    /// <param name="root">The whole command line.</param>
    public static void AddTo(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new VerbHelp((HelpAction)option.Action!);
        }
    }

    /// <inheritdoc />
    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (VerbNotes.Of(parseResult.CommandResult.Command) is { } note)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in note.Examples)
            {
                output.WriteLine("  " + example);
            }

            output.WriteLine();
            output.WriteLine("Exit codes:");
            foreach (var (number, meaning) in VerbNotes.Codes(note))
            {
                output.WriteLine($"  {number,2}  {meaning}");
            }
        }

        return code;
    }
}
