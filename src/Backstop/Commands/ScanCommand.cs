using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.Scan;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Commands;

/// <summary><c>scan</c>: the spam score of messages and the rules that made it.</summary>
internal static class ScanCommand
{
    private const int MaxBatch = 16;

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "A message, - for stdin, or a folder of messages (a Maildir too).",
            Arity = ArgumentArity.ZeroOrMore
        };
        var rules = new Option<string[]>("--rules")
        {
            Description = "Folder or file of SpamAssassin rules; may be given more than once. Default: those of an installed "
                + "SpamAssassin, or else Backstop's own small set.",
            HelpName = "DIR"
        };
        var mbox = new Option<bool>("--mbox") { Description = "FILE is an mbox: every message in it." };
        var unsupported = new Option<bool>("--unsupported")
        {
            Description = "List the rules that cannot run here and why, and the "
            + "lines that were not understood; exit 1 if there are any."
        };
        var report = new Option<bool>("--report") { Description = "Write the report of the rule set for each message instead of a table." };
        var (config, data, user, json) = (CommonOptions.Config(), CommonOptions.Data(), CommonOptions.User(), CommonOptions.Json());
        var command = new Command(
            "scan", "Score messages by SpamAssassin's rules (local tests): exit 1 if one is spam.")
            {
                files, rules, mbox, unsupported, report, config, data, user, json
            };
        command.SetAction(parsed =>
        {
            var folders = parsed.GetValue(rules) ?? [];
            if (folders.FirstOrDefault(f => !Path.Exists(f)) is { } missing)
            {
                throw new CommandException(ExitCode.NoInput, $"{missing}: no such file or folder");
            }

            using var scan = Choose(folders, parsed.GetValue(config), parsed.GetValue(data), parsed.GetValue(user));
            if (parsed.GetValue(unsupported))
            {
                return WriteUnsupported(scan.Rules, scan.Scanner, parsed.GetValue(json));
            }

            var paths = parsed.GetValue(files)!;
            if (paths.Length == 0)
            {
                throw new CommandException(ExitCode.Usage, "nothing to scan: name a FILE, or - for stdin");
            }

            WarnOfErrors(scan.Scanner);
            var inputs = new Inputs(Console.Error);
            var messages = ScanInput.Read(inputs, paths, parsed.GetValue(mbox));
            return inputs.End(parsed.GetValue(report) ? WriteReports(scan, messages) : Write(scan, messages, parsed.GetValue(json)));
        });
        return command;
    }

    // Without configuration, data folder and user only rules count, whatever this host's server is set to.
    private static Chosen Choose(string[] folders, string? config, string? data, string? user)
    {
        if (config is null && data is null && user is null)
        {
            var set = RuleSet.LoadOrOwn(folders);
            var scanner = new SpamScanner(set);
            return scanner.ActiveRules > 0 ? new(scanner, set, null, null)
                : throw new CommandException(ExitCode.BadConfig, $"{string.Join(", ", folders)}: no rules there");
        }

        var options = CommonOptions.ReadForData(config, data);
        options.Spam.Rules = folders.Length > 0 ? folders : options.Spam.Rules;
        var session = SpamSession.Begin(options, user, learns: false);
        if (session is { Name: { } name, HasPreferences: false })
        {
            Console.Error.WriteLine(
                session.PreferencesPath is { } path
                    ? $"backstop: {path}: no preferences of {name.Text} that can be read, or spam.users does not list the name; "
                        + "scored by the site's settings"
                    : $"backstop: spam.user_prefs gives no path for {name.Text}; scored by the site's settings");
        }

        return new(session.Turn.Scanner, session.Turn.Rules, session.Turn.Speaks ? session.Turn.Learner : null, session);
    }

    private static int Write(Chosen scan, IEnumerable<FoundMessage> messages, bool json)
    {
        using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
        using var text = new StreamWriter(output, leaveOpen: true);
        var found = false;
        foreach (var line in Lines(scan, messages))
        {
            found |= line.Spam;
            if (json)
            {
                JsonSerializer.Serialize(output, line, CliJson.Default.ScanLine);
                output.WriteByte((byte)'\n');
            }
            else
            {
                WriteTable(text, line);
                text.Flush();
            }

            output.Flush();
        }

        return found ? ExitCode.Found : ExitCode.Done;
    }

    /// <summary>In order, on all cores.</summary>
    private static IEnumerable<ScanLine> Lines(Chosen scan, IEnumerable<FoundMessage> messages) =>
        messages.Chunk(MaxBatch * Environment.ProcessorCount).SelectMany(batch =>
            batch.AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount).Select(message =>
        {
            var started = Stopwatch.GetTimestamp();
            var result = scan.Scanner.ScanWhole(message.Bytes.Span, scan.Learner).Result;
            return ScanLine.Of(message.Path, result, Stopwatch.GetElapsedTime(started));
        }));

    private static void WriteTable(StreamWriter output, ScanLine line)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{ShownText.Of(line.Path)}: {(line.Spam ? "spam" : "not spam")}, {line.Score:0.0} of {line.Required:0.0} points, "
                + $"{line.Milliseconds:0.0} ms"));
        foreach (var hit in line.Hits.OrderByDescending(h => Math.Abs(h.Score)))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {hit.Score,6:0.0##}  {hit.Rule,-24} {hit.Description}"));
        }

        if (line.OutOfSteps.Count > 0)
        {
            output.WriteLine($"  out of steps, so counted in the message's favour: {string.Join(", ", line.OutOfSteps)}");
        }
    }

    private static int WriteReports(Chosen scan, IEnumerable<FoundMessage> messages)
    {
        using var output = Console.OpenStandardOutput();
        var found = false;
        foreach (var message in messages)
        {
            var scanned = scan.Scanner.ScanWhole(message.Bytes.Span, scan.Learner);
            found |= scanned.Result.IsSpam;
            var text = scanned.Report(new(Environment.MachineName, ProgramVersion.Text, "disabled", TimeProvider.System.GetUtcNow()));

            // It quotes the message. A file gets it as it is.
            output.Write(
                Console.IsOutputRedirected ? text : System.Text.Encoding.UTF8.GetBytes(ShownText.Of(
                    HeaderText.ToText(text), keepsLines: true)));
        }

        return found ? ExitCode.Found : ExitCode.Done;
    }

    private static int WriteUnsupported(RuleSet set, SpamScanner scanner, bool json)
    {
        var gaps = scanner.Unsupported.Select(u => new ScanGap(u.Rule, u.Why))
            .Concat(scanner.Diagnostics.Where(d => d.IsError).Select(d => new ScanGap("", d.ToString()))).ToList();
        using var output = new StreamWriter(Console.OpenStandardOutput());
        foreach (var gap in gaps)
        {
            output.WriteLine(
                json ? JsonSerializer.Serialize(gap, CliJson.Default.ScanGap) : gap.Rule.Length > 0 ? $"{gap.Rule}: {gap.Why}" : gap.Why);
        }

        if (!json)
        {
            output.WriteLine(
                $"{scanner.ActiveRules} of {set.Count} rules run, {scanner.Unsupported.Count} cannot; "
                    + $"{scanner.Diagnostics.Count(d => d.IsError)} lines not understood. Rules that ask the network are off.");
        }

        return gaps.Count > 0 ? ExitCode.Found : ExitCode.Done;
    }

    private static void WarnOfErrors(SpamScanner scanner)
    {
        var errors = scanner.Diagnostics.Where(d => d.IsError).ToList();
        foreach (var error in errors.Take(5))
        {
            Console.Error.WriteLine($"backstop: {error}");
        }

        if (errors.Count > 5)
        {
            Console.Error.WriteLine($"backstop: and {errors.Count - 5} more lines not understood; see scan --unsupported");
        }
    }

    /// <summary>How messages are scored.</summary>
    /// <param name="Scanner">The compiled rules.</param>
    /// <param name="Rules">The rule set that the scanner was made of.</param>
    /// <param name="Learner">The learner whose answer counts; null for none.</param>
    /// <param name="Session">Holds rules and learner of a configuration; disposed of with this record. Null without one.</param>
    private sealed record Chosen(SpamScanner Scanner, RuleSet Rules, BayesLearner? Learner, SpamSession? Session) : IDisposable
    {
        public void Dispose() => Session?.Dispose();
    }
}
