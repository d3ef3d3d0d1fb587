using System.CommandLine;
using System.Text.Json;
using System.Text;
using Backstop.Lint;
using Backstop.Recipes.Linting;

namespace Backstop.Commands;

/// <summary><c>lint</c>: finds what is wrong with rcfiles, and shows or writes the corrected text.</summary>
internal static class LintCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("RCFILE")
        {
            Description = "An rcfile of procmail's, or - for stdin.",
            Arity = ArgumentArity.OneOrMore
        };
        var fix = new Option<bool>("--fix")
        {
            Description = "Fix what needs no decision by a person: RCFILE is rewritten, the old one is "
            + "kept as RCFILE.bak; with - the fixed text goes to stdout."
        };
        var level = new Option<LintLevel>("--level")
        {
            Description = "The least sure findings that are shown, fixed and counted: hint (all of them) or warning.",
            DefaultValueFactory = _ => LintLevel.Warning,
            HelpName = "hint|warning",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "lint", "Find what loses mail, makes backscatter or does nothing in rcfiles: exit 1 if something was "
                + "found.") { files, fix, level, json };
        command.SetAction(async (parsed, ct) =>
        {
            var (inputs, found) = (new Inputs(Console.Error), false);
            await inputs.EachAsync(parsed.GetValue(files)!, path =>
            {
                var text = Read(path);
                var least = parsed.GetValue(level);
                var findings = Find(path, text, least);
                found |= findings.Count > 0;
                if (parsed.GetValue(fix))
                {
                    Mend(path, text, findings, least);
                }
                else
                {
                    Write(path, findings, parsed.GetValue(json));
                }

                return Task.CompletedTask;
            }, ct);
            return inputs.End(found ? ExitCode.Found : ExitCode.Done);
        });
        return command;
    }

    private static IReadOnlyList<LintFinding> Find(string path, string text, LintLevel least)
    {
        IReadOnlyList<LintFinding> findings = [.. RcLinter.Lint(path, text).Where(f => f.Level >= least)];
        if (path == "-" || !File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherWrite))
        {
            return findings;
        }

        return [new(
            "L38", "writable-by-others", new(1, 1), "others may write this file, so it is not read at "
                + "all", $"chmod go-w {path}", null), .. findings];
    }

    private static string Read(string path)
    {
        if (path != "-")
        {
            return File.Exists(path)
                ? Encoding.Latin1.GetString(BoundedInput.ReadFile(path))
                : throw new CommandException(ExitCode.NoInput, $"{path}: no such file");
        }

        return Encoding.Latin1.GetString(Inputs.Stdin().Bytes.Span);
    }

    private static void Write(string path, IReadOnlyList<LintFinding> findings, bool json)
    {
        foreach (var finding in findings)
        {
            if (json)
            {
                var line = new LintLine(
                    path, finding.At.Line, finding.At.Column, finding.Id, finding.Name, finding.Why, finding.Mended,
                    finding.Edit is not null, finding.Level == LintLevel.Hint ? "hint" : "warning");
                Console.Out.WriteLine(JsonSerializer.Serialize(line, CliJson.Default.LintLine));
            }
            else
            {
                Console.Out.WriteLine($"{path}:{finding.At}: {finding.Id} {finding.Name}: {finding.Why}");
                Console.Out.WriteLine(
                    $"    {(finding.Edit is null ? "rather" : "--fix ")}: "
                        + $"{finding.Mended.Replace("\n", "\n            ", StringComparison.Ordinal)}");
            }
        }
    }

    private static void Mend(string path, string text, IReadOnlyList<LintFinding> findings, LintLevel least)
    {
        var mended = RcLinter.Mend(path, text, least);
        if (path == "-")
        {
            using var output = Console.OpenStandardOutput();
            output.Write(Encoding.Latin1.GetBytes(mended));
        }
        else if (mended != text)
        {
            // The new file takes the old one's place at once, with its permissions: a delivery that begins now reads one or the other.
            var mode = File.GetUnixFileMode(path);
            File.WriteAllBytes(path + ".new", Encoding.Latin1.GetBytes(mended));
            File.SetUnixFileMode(path + ".new", mode);
            File.Copy(path, path + ".bak", overwrite: true);
            File.Move(path + ".new", path, overwrite: true);
        }

        var left = Find(path, mended, least);
        Console.Error.WriteLine(
            $"{path}: {findings.Count} found, {left.Count} left for you to "
                + $"decide{(mended != text && path != "-" ? $"; the old file is {path}.bak" : "")}");
        Write(path, path == "-" ? [] : left, json: false);
    }
}
