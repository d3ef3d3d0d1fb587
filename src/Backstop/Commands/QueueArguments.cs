using System.CommandLine;
using Backstop.Configuration.Options;
using Backstop.Server.Control;

namespace Backstop.Commands;

/// <summary>The options that verbs of the queue share.</summary>
internal sealed class QueueArguments
{
    private readonly Option<string?> _to = new("--to")
    {
        Description = "Only messages for this recipient or mailbox, or @domain.",
        HelpName = "ADDR"
    };

    private readonly Option<string?> _from = new("--from")
    {
        Description = "Only messages of this sender, or @domain; \"<>\" for the null sender.",
        HelpName = "ADDR"
    };

    private readonly Option<string?> _reason = new("--reason")
    {
        Description = "Only messages that wait for this reason, such as queue:folder-failed (docs/reasons.md).",
        HelpName = "WORD"
    };

    private readonly Option<string?> _older = new("--older")
    {
        Description = "Only messages that wait longer, such as 90m, 24h or 7d.",
        HelpName = "AGE"
    };

    private readonly Option<bool> _all = new("--all") { Description = "All messages of the queue." };

    public Option<string?> Config { get; } = CommonOptions.Config();

    public Option<string?> Data { get; } = CommonOptions.Data();

    public Option<bool> Json { get; } = CommonOptions.Json();

    public Argument<string[]> Ids { get; } = new("ID")
    {
        Description = "Messages, by the ids that list shows; without any, those that the options choose.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>Adds what every verb has.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(Config);
        command.Options.Add(Data);
        command.Options.Add(Json);
    }

    /// <summary>Adds the choice of messages.</summary>
    public void AddFilterTo(Command command, bool withAll)
    {
        Option[] filter = withAll ? [_to, _from, _reason, _older, _all] : [_to, _from, _reason, _older];
        Array.ForEach(filter, command.Options.Add);
    }

    /// <summary>Returns the configuration of the server whose queue is meant.</summary>
    public BackstopOptions OptionsOf(ParseResult parsed)
    {
        var (config, data) = (parsed.GetValue(Config), parsed.GetValue(Data));
        if (config is not null)
        {
            return CommonOptions.ReadForData(config, data, []);
        }

        data ??= Demo.DataFolder;
        return Directory.Exists(data)
            ? Demo.Options(data, [])
            : throw new CommandException(ExitCode.NoInput, $"{data}: no such folder; --config FILE or --data DIR names the server's");
    }

    /// <summary>Returns the options that choose messages.</summary>
    public QueueFilter FilterOf(ParseResult parsed)
    {
        var age = TimeSpan.Zero;
        if (parsed.GetValue(_older) is { } text && !Ages.TryParse(text, out age))
        {
            throw new CommandException(ExitCode.Usage, $"--older {text}: not an age; write a number and s, m, h, d or w, such as 24h");
        }

        return new()
        {
            To = parsed.GetValue(_to) ?? "",
            From = parsed.GetValue(_from) ?? "",
            Reason = parsed.GetValue(_reason) ?? "",
            OlderThan = age.TotalSeconds,
        };
    }

    /// <summary>Returns a request that changes messages.</summary>
    /// <exception cref="CommandException">No message is chosen, or messages are chosen in two ways.</exception>
    public QueueRequest ChangeOf(ParseResult parsed, string verb, IReadOnlyList<string> ids)
    {
        var filter = FilterOf(parsed);
        return ids.Count == 0 && filter.IsEmpty && !parsed.GetValue(_all)
            ? throw new CommandException(
                ExitCode.Usage, $"{verb} needs the ids of messages, or --to, --from, --reason, --older or --all to choose them")
            : ids.Count > 0 && (!filter.IsEmpty || parsed.GetValue(_all))
            ? throw new CommandException(ExitCode.Usage, "give the ids of messages, or options that choose them, not both")
            : new(verb) { Ids = ids, Filter = filter };
    }
}
