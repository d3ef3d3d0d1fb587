using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Backstop.Queue;
using Backstop.Server.Control;

namespace Backstop.Commands;

/// <summary>The verb <c>queue</c>: shows the messages that wait in the spool, and changes what becomes of them.</summary>
internal static class QueueCommand
{
    public static Command Create() => new(
        "queue", "The messages that are accepted and not in their folders yet: why they wait, and what to do about it.")
    {
        CreateList(), CreateShow(),
        CreateChange(QueueVerbs.Hold, "Do not deliver messages until they are released."),
        CreateChange(QueueVerbs.Release, "Deliver messages that are on hold."),
        CreateChange(QueueVerbs.Deliver, "Try messages now, and say how it went."),
        CreateRedirect(), CreateDelete(),
        CreateChange(
            QueueVerbs.Restore, "Deliver messages after all that were deleted (spool.keep_deleted says for how long that is possible)."),
    };

    private static Command CreateList()
    {
        var arguments = new QueueArguments();
        var limit = new Option<int>("--limit") { Description = "Show at most N messages.", HelpName = "N" };
        var deleted = new Option<bool>("--deleted") { Description = "The messages that were deleted and can be restored." };
        var command = new Command(
            QueueVerbs.List, "List the messages, oldest first: id, age, size, reason, sender, recipients, last error, next try.")
            { limit, deleted };
        arguments.AddFilterTo(command, withAll: false);
        arguments.AddTo(command);
        command.SetAction((parsed, ct) =>
        {
            var verb = parsed.GetValue(deleted) ? QueueVerbs.Deleted : QueueVerbs.List;
            var request = new QueueRequest(verb) { Filter = arguments.FilterOf(parsed), Limit = parsed.GetValue(limit) };
            return verb == QueueVerbs.Deleted && !request.Filter.IsEmpty
                ? throw new CommandException(ExitCode.Usage, "--deleted lists all deleted messages; leave out the other options")
                : RunAsync(arguments, parsed, request, ct);
        });
        return command;
    }

    private static Command CreateShow()
    {
        var arguments = new QueueArguments();
        arguments.Ids.Arity = ArgumentArity.OneOrMore;
        var header = new Option<bool>("--header") { Description = "Print the header of the mail instead." };
        var message = new Option<bool>("--message") { Description = "Print the whole mail instead, as it will be delivered." };
        var command = new Command(QueueVerbs.Show, "Show all that is known of messages.") { arguments.Ids, header, message };
        arguments.AddTo(command);
        command.SetAction((parsed, ct) =>
        {
            var part = parsed.GetValue(message) ? QueuePart.Message : parsed.GetValue(header) ? QueuePart.Header : QueuePart.None;
            var ids = parsed.GetValue(arguments.Ids)!;
            return part != QueuePart.None && (parsed.GetValue(arguments.Json) || ids.Length > 1)
                ? throw new CommandException(ExitCode.Usage, "--header and --message print one mail as it is, without --json")
                : RunAsync(arguments, parsed, new(QueueVerbs.Show) { Ids = ids, Part = part }, ct);
        });
        return command;
    }

    private static Command CreateChange(string verb, string description)
    {
        var arguments = new QueueArguments();
        var command = new Command(verb, description) { arguments.Ids };
        if (verb == QueueVerbs.Restore)
        {
            arguments.Ids.Arity = ArgumentArity.OneOrMore;
        }
        else
        {
            arguments.AddFilterTo(command, withAll: true);
        }

        arguments.AddTo(command);
        command.SetAction((parsed, ct) =>
        {
            var ids = parsed.GetValue(arguments.Ids) ?? [];
            var request = verb == QueueVerbs.Restore ? new(verb) { Ids = ids } : arguments.ChangeOf(parsed, verb, ids);
            return RunAsync(arguments, parsed, request, ct);
        });
        return command;
    }

    private static Command CreateRedirect()
    {
        var arguments = new QueueArguments();
        var words = new Argument<string[]>("ID... ADDRESS")
        {
            Description = "Messages, then the address of another mailbox of this server, or the name of a folder of their own mailbox.",
            Arity = ArgumentArity.OneOrMore,
        };
        var recipient = new Option<string?>("--for") { Description = "Only the copy for this recipient or mailbox.", HelpName = "ADDR" };
        var folder = new Option<string?>("--folder") { Description = "The folder there. Default: the same as before.", HelpName = "NAME" };
        var command = new Command(QueueVerbs.Redirect, "Deliver messages to another mailbox of this server.") { words, recipient, folder };
        arguments.AddFilterTo(command, withAll: true);
        arguments.AddTo(command);
        command.SetAction((parsed, ct) =>
        {
            var given = parsed.GetValue(words)!;
            var request = arguments.ChangeOf(parsed, QueueVerbs.Redirect, given[..^1]) with
            {
                Target = given[^1],
                For = parsed.GetValue(recipient) ?? "",
                Folder = parsed.GetValue(folder) ?? "",
            };
            return RunAsync(arguments, parsed, request, ct);
        });
        return command;
    }

    private static Command CreateDelete()
    {
        var arguments = new QueueArguments();
        var yes = new Option<bool>("--yes") { Description = "Do not ask." };
        var command = new Command(QueueVerbs.Delete, "Delete messages without telling anybody. They can be restored for some days.")
            { arguments.Ids, yes };
        arguments.AddFilterTo(command, withAll: true);
        arguments.AddTo(command);
        command.SetAction(async (parsed, ct) =>
        {
            var request = arguments.ChangeOf(parsed, QueueVerbs.Delete, parsed.GetValue(arguments.Ids) ?? []);
            return parsed.GetValue(yes) || await MayDeleteAsync(arguments, parsed, request, ct)
                ? await RunAsync(arguments, parsed, request, ct)
                : ExitCode.Done;
        });
        return command;
    }

    private static async Task<bool> MayDeleteAsync(QueueArguments arguments, ParseResult parsed, QueueRequest request, CancellationToken ct)
    {
        if (Console.IsInputRedirected)
        {
            throw new CommandException(ExitCode.Usage, "delete asks first, and there is no terminal to ask at; add --yes");
        }

        var count = request.Ids.Count;
        if (count == 0)
        {
            using var session = await QueueSession.OpenAsync(arguments.OptionsOf(parsed), TimeProvider.System, ct);
            await foreach (var reply in session.AskAsync(request with { Verb = QueueVerbs.List }, ct))
            {
                count += reply.Line is null ? 0 : 1;
            }
        }

        await Console.Error.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"Delete {count} messages? [y/N] "));
        return await Console.In.ReadLineAsync(ct) is "y" or "Y" or "yes";
    }

    private static async Task<int> RunAsync(QueueArguments arguments, ParseResult parsed, QueueRequest request, CancellationToken ct)
    {
        Posix.FileOwner.CloseToOthers();
        using var session = await QueueSession.OpenAsync(arguments.OptionsOf(parsed), TimeProvider.System, ct);
        var printer = new QueuePrinter(request.Verb, parsed.GetValue(arguments.Json));
        await foreach (var reply in session.AskAsync(request, ct))
        {
            printer.Print(reply);
        }

        printer.End(session.IsServed);
        return printer.Code;
    }

    /// <summary>Prints the answer as it comes, and remembers how the worst of it went.</summary>
    private sealed class QueuePrinter(string verb, bool isJson)
    {
        private readonly Stream _output = Console.OpenStandardOutput();
        private long _count;
        private long _octets;

        public int Code { get; private set; } = ExitCode.Done;

        public void Print(QueueReply reply)
        {
            if (reply.Octets is { } octets)
            {
                _output.Write(octets);
            }
            else if (reply.Done is { } done)
            {
                Code = Math.Max(Code, CodeOf(done.Result));
                Say(isJson ? JsonSerializer.Serialize(done, QueueJson.Default.DoneLine) : QueueText.Of(done, verb));
            }
            else if (reply.Deleted is { } deleted)
            {
                Say(isJson ? JsonSerializer.Serialize(deleted, QueueJson.Default.DeletedLine) : QueueText.Of(deleted));
            }
            else if (reply.Line is { } line)
            {
                _count++;
                _octets += line.Size;
                Say(isJson ? JsonSerializer.Serialize(line, QueueJson.Default.QueueLine)
                    : verb == QueueVerbs.Show ? QueueText.Whole(line) : QueueText.Of(line));
            }
        }

        public void End(bool isServed)
        {
            _output.Flush();
            if (verb == QueueVerbs.List && !isJson)
            {
                Console.Error.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{_count} messages, {_octets} octets{(isServed ? "" : "; no server runs here")}"));
            }
        }

        private static int CodeOf(string result) => result switch
        {
            "done" or "unchanged" or "delivered" => ExitCode.Done,
            "not-found" => ExitCode.NoInput,
            _ => ExitCode.TryAgain,
        };

        private static void Say(string line) => Console.WriteLine(line);
    }
}
