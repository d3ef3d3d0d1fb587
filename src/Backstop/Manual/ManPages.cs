using System.CommandLine;
using Backstop.Deliver;

namespace Backstop.Manual;

/// <summary>The manual pages, made from the command definitions, the configuration's keys and the table of reasons.</summary>
internal static class ManPages
{
    /// <summary>Returns all pages by their file names, such as <c>backstop-queue.1</c>.</summary>
    /// <param name="root">The whole command line.</param>
    public static IReadOnlyDictionary<string, string> All(RootCommand root)
    {
        var pages = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["backstop.1"] = Program(root),
            ["backstop.toml.5"] = ConfigPage.Text(),
            ["backstop-reasons.7"] = ReasonsPage.Text(),
        };
        foreach (var verb in root.Subcommands.Where(v => !v.Hidden))
        {
            pages[$"backstop-{verb.Name}.1"] = verb.Name == "deliver" ? Deliver(verb) : Verb(verb);
        }

        return pages;
    }

    private static string Program(RootCommand root)
    {
        var page = new Roff("backstop", 1, "mail that keeps arriving in a flood").Heading("SYNOPSIS");
        page.Usage("backstop", "VERB [OPTIONS]").Heading("DESCRIPTION").Paragraph(root.Description ?? "");
        page.Heading("VERBS");
        foreach (var verb in root.Subcommands.Where(v => !v.Hidden))
        {
            page.Entry($"backstop-{verb.Name}(1)", "", verb.Description ?? "");
        }

        return Ending(page, root, "backstop.toml(5), backstop-reasons(7)");
    }

    private static string Verb(Command verb)
    {
        var page = new Roff($"backstop-{verb.Name}", 1, FirstSentence(verb.Description ?? "")).Heading("SYNOPSIS");
        var inner = verb.Subcommands.Where(s => !s.Hidden).ToList();
        Synopsis(page, verb, inner);
        page.Heading("DESCRIPTION").Paragraph(verb.Description ?? "");
        Arguments(page, verb);
        if (verb.Options.Any(o => !o.Hidden))
        {
            page.Heading("OPTIONS");
            Options(page, verb);
        }

        foreach (var command in inner)
        {
            page.Heading(VerbNotes.Path(command).ToUpperInvariant()).Paragraph(command.Description ?? "");
            Arguments(page, command);
            Options(page, command);
            if (VerbNotes.Of(command) is { } note)
            {
                page.Literal(note.Examples);
            }
        }

        return Ending(page, verb, "backstop(1), backstop.toml(5)");
    }

    // Its command line is procmail's, and described where it is read.
    private static string Deliver(Command verb)
    {
        var page = new Roff("backstop-deliver", 1, "deliver one message by procmail recipes").Heading("SYNOPSIS");
        page.Usage("backstop deliver", "[OPTIONS] [NAME=VALUE]... [RCFILE]...");
        page.Heading("DESCRIPTION").Literal(AgentHelp.Text.TrimEnd().Split('\n'));
        return page.Heading("EXAMPLES").Literal(VerbNotes.Of(verb)!.Examples)
            .Heading("SEE ALSO").Paragraph("backstop(1), backstop-lint(1), procmailrc(5)").ToString();
    }

    private static void Synopsis(Roff page, Command verb, List<Command> inner)
    {
        foreach (var command in inner.Count > 0 ? inner : [verb])
        {
            page.Usage($"backstop {VerbNotes.Path(command)}", string.Join(' ', command.Arguments.Select(Shown).Prepend("[OPTIONS]")));
        }
    }

    private static string Shown(Argument argument)
    {
        var name = argument.Arity.MaximumNumberOfValues > 1 && !argument.Name.EndsWith("...", StringComparison.Ordinal)
            && !argument.Name.Contains(' ', StringComparison.Ordinal) ? argument.Name + "..." : argument.Name;
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static void Arguments(Roff page, Command verb)
    {
        foreach (var argument in verb.Arguments.Where(a => !a.Hidden))
        {
            page.Entry("", argument.Name, argument.Description ?? "");
        }
    }

    private static void Options(Roff page, Command verb)
    {
        foreach (var option in verb.Options.Where(o => !o.Hidden))
        {
            page.Entry(string.Join(", ", option.Aliases.Append(option.Name)), option.HelpName ?? "", option.Description ?? "");
        }
    }

    private static string Ending(Roff page, Command verb, string seeAlso)
    {
        if (VerbNotes.Of(verb) is { } note)
        {
            page.Heading("EXIT STATUS");
            foreach (var (code, meaning) in VerbNotes.Codes(note))
            {
                page.Entry(code.ToString(System.Globalization.CultureInfo.InvariantCulture), "", meaning);
            }

            page.Heading("EXAMPLES").Literal(note.Examples);
        }

        return page.Heading("SEE ALSO").Paragraph(seeAlso).ToString();
    }

    // The description of a page stands in lists of all pages.
    private static string FirstSentence(string text)
    {
        var end = text.AsSpan().IndexOfAny(":.");
        return (end < 0 ? text : text[..end]) is { Length: > 0 } first ? char.ToLowerInvariant(first[0]) + first[1..] : text;
    }
}
