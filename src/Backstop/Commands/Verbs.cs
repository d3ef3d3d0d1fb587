using System.CommandLine;
using Backstop.Manual;

namespace Backstop.Commands;

/// <summary>The whole command line: what there is to parse, to print as help and to write manual pages of.</summary>
internal static class Verbs
{
    /// <summary>Makes all verbs.</summary>
    public static RootCommand All()
    {
        var root = new RootCommand(
            "Backstop keeps mail arriving in a flood: it refuses bounces for mail you never sent and delivers the rest.")
        {
            ServeCommand.Create(),
            StormCommand.Create(),
            ExplainCommand.Create(),
            ScanCommand.Create(),
            LearnCommand.Create(),
            LintCommand.Create(),
            DeliverCommand.Create(),
            CleanCommand.Create(),
            UndoCommand.Create(),
            JournalCommand.Create(),
            BatvCommand.Create(),
            ConfigCommand.Create(),
            SetupCommand.Create(),
            StatusCommand.Create(),
            DoctorCommand.Create(),
            QueueCommand.Create(),
            ReportCommand.Create(),
            ReloadCommand.Create(),
        };
        root.Add(CompletionCommand.Create(root));
        root.Add(ManPagesCommand.Create(root));
        VerbHelp.AddTo(root);
        return root;
    }

    /// <summary>Parses a command line.</summary>
    /// <param name="args">Its words, without the program.</param>
    public static ParseResult Parse(IReadOnlyList<string> args) =>

        // "@example.org" is a domain, not a file with more of the command line.
        All().Parse(args, new() { ResponseFileTokenReplacer = null });
}
