using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Backstop.Commands;

/// <summary>A verb whose help ends with examples.</summary>
/// <param name="name">The verb.</param>
/// <param name="description">What it does.</param>
/// <param name="examples">Command lines, each with what it does behind a number sign.</param>
internal sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;
}

/// <summary>Prints the help of a verb, then its examples and the exit codes.</summary>
/// <param name="help">Prints the help.</param>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private const string Codes =
        "0 done; 64 usage; 66 not found; 69 service unavailable; 75 not done, try again; 77 no permission; 78 bad configuration";

    /// <summary>Adds examples to the help of all verbs that have any.</summary>
    public static void AddTo(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new HelpWithExamples((HelpAction)option.Action!);
        }
    }

    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ExampleCommand { Examples: { Count: > 0 } examples })
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine("  " + example);
            }

            output.WriteLine();
            output.WriteLine("Exit codes:");
            output.WriteLine("  " + Codes);
        }

        return code;
    }
}
