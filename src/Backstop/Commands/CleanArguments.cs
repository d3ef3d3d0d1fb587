using System.CommandLine;
using System.Globalization;
using Backstop.Clean;
using Backstop.Judging.Storms;
using Backstop.Mailboxes.Runs;
using Backstop.Terminal;

namespace Backstop.Commands;

/// <summary>The options of <c>clean</c>.</summary>
internal sealed class CleanArguments
{
    private readonly Option<string[]> _sent = new("--sent")
    {
        Description = "A folder of your sent mail (Maildir, mbox, imaps://), or a list: Message-ID, tab, recipient. May be repeated. "
            + "Default: the Sent folders beside the mailbox.",
        HelpName = "FOLDER"
    };
    private readonly Option<bool> _noSent = new("--no-sent")
    {
        Description = "Clean although none of your sent mail is known: genuine bounces are moved "
        + "too."
    };
    private readonly Option<bool> _apply = new("--apply") { Description = "Move the messages. Without it nothing changes." };
    private readonly Option<string> _to = new("--to")
    {
        Description = "The folder that backscatter is moved to; for an mbox, a file beside it or a path.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "Backscatter"
    };
    private readonly Option<bool> _delete = new("--delete")
    {
        Description = "With --apply: delete backscatter instead. The run keeps a copy "
        + "until you forget it: backstop undo --forget RUN."
    };
    private readonly Option<string[]> _only = new("--only")
    {
        Description = "Move only this campaign, even an unsure one. May be repeated.",
        HelpName = "ID"
    };
    private readonly Option<string[]> _except = new("--except")
    {
        Description = "Leave this campaign alone. May be repeated.",
        HelpName = "ID"
    };
    private readonly Option<string?> _since = new("--since")
    {
        Description = "Only mail that arrived then or later: 2026-11-25 or 2026-11-25T08:00 (UTC).",
        HelpName = "TIME"
    };
    private readonly Option<string?> _until = new("--until") { Description = "Only mail that arrived before then.", HelpName = "TIME" };
    private readonly Option<string[]> _show = new("--show")
    {
        Description = "List messages instead of campaigns: those of a campaign, or backscatter, unsure, ours, mail, all.",
        HelpName = "WHAT"
    };
    private readonly Option<bool> _inboxOnly = new("--inbox-only")
    {
        Description = "Leave the other folders of a Maildir alone. Sent, "
        + "Drafts and Trash are always left alone."
    };
    private readonly Option<string?> _report = new("--report")
    {
        Description = "Write a page with charts; for further mailboxes to FILE-2, FILE-3 and so on.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _hosts = new("--hosts")
    {
        Description = "Write the addresses of the hosts that sent backscatter, one a line (- for stdout).",
        HelpName = "FILE"
    };
    private readonly Option<string?> _rbldnsd = new("--hosts-rbldnsd")
    {
        Description = "Write these addresses as a zone for rbldnsd.",
        HelpName = "FILE"
    };
    private readonly Option<string?> _postfix = new("--hosts-postfix")
    {
        Description = "Write these addresses as an access map for Postfix.",
        HelpName = "FILE"
    };
    private readonly Option<int> _rate = new("--rate")
    {
        Description = "The most messages a second to move on an IMAP server. Default: no limit.",
        HelpName = "N"
    };
    private readonly Option<string?> _state = StateOption();

    public Option<string?> Undo { get; } = new("--undo")
    {
        Description = "Take a run back; the same as: backstop undo RUN.",
        HelpName = "RUN"
    };

    public Option<string?> Config { get; } = CommonOptions.Config();

    public Option<string?> Journal { get; } = new("--journal")
    {
        Description = "The data folder of a server, to use its journal and keys too.",
        HelpName = "DIR"
    };

    public Option<string?> Ca { get; } = new("--ca")
    {
        Description = "Certificates to trust, for a server with its own CA (PEM).",
        HelpName = "FILE"
    };

    public Option<string[]> OwnField { get; } = CommonOptions.OwnField();

    public Option<bool> Json { get; } = CommonOptions.Json();

    /// <summary>Returns the option that names the folder for runs.</summary>
    public static Option<string?> StateOption() =>
        new("--state")
        {
            Description = "The folder that runs are kept in. Default: $XDG_STATE_HOME/backstop, or ~/.local/state/backstop.",
            HelpName = "DIR"
        };

    /// <summary>Returns the option that leads to a folder for runs, after a blank; nothing where it is the default.</summary>
    public static string StateOf(RunStore store) =>
        store.Folder == StoreOf(null).Folder ? "" : $" --state {ShellWords.Quote(Path.GetDirectoryName(store.Folder)!)}";

    /// <summary>Opens the folder for runs.</summary>
    public static RunStore StoreOf(string? state)
    {
        var home = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } given ? given
            : Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".local",
            "state");
        return new(Path.GetFullPath(Path.Combine(state ?? Path.Combine(home, "backstop"), "clean")), TimeProvider.System);
    }

    private IEnumerable<Option> All =>
    [
        _sent, _noSent, _apply, _to, _delete, _only, _except, _since, _until, _show, _inboxOnly, _report, _hosts, _rbldnsd, _postfix, _rate,
        Undo, Config, Journal, OwnField, Ca, _state, Json,
    ];

    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>Returns what must follow <c>backstop undo RUN</c> for a run of this command line.</summary>
    public string UndoOptions(ParseResult parsed) => GivenOptions.Of(parsed, [_state, Ca]);

    public RunStore Store(ParseResult parsed) => StoreOf(parsed.GetValue(_state));

    public CleanOptions Read(ParseResult parsed) => new()
    {
        Sent = parsed.GetValue(_sent) ?? [],
        IsWithoutSent = parsed.GetValue(_noSent),
        IsApply = parsed.GetValue(_apply),
        Target = new(parsed.GetValue(_to)!, parsed.GetValue(_delete)),
        Only = parsed.GetValue(_only) ?? [],
        Except = parsed.GetValue(_except) ?? [],
        Since = Time(parsed.GetValue(_since), "--since") ?? DateTimeOffset.MinValue,
        Until = Time(parsed.GetValue(_until), "--until") ?? DateTimeOffset.MaxValue,
        IsInboxOnly = parsed.GetValue(_inboxOnly),
        Rate = parsed.GetValue(_rate),
    };

    /// <summary>Reads how the result is shown, and the options that the next command must repeat.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="mailboxes">How many mailboxes are cleaned. The next command names one of them; where there are others, it would
    /// write a file about all of them again, with less in it.</param>
    public CleanOutput ReadOutput(ParseResult parsed, int mailboxes) => new()
    {
        Repeated = GivenOptions.Of(parsed, All.Except(mailboxes > 1 ? [_apply, _report, _hosts, _rbldnsd, _postfix] : [_apply])),
        RepeatedByUndo = UndoOptions(parsed),
        Show = parsed.GetValue(_show) ?? [],
        IsJson = parsed.GetValue(Json),
        Report = parsed.GetValue(_report),
        Hosts =
        [
            .. new[] { (HostListFormat.Plain, parsed.GetValue(_hosts)), (
                HostListFormat.Rbldnsd, parsed.GetValue(_rbldnsd)), (HostListFormat.Postfix, parsed.GetValue(_postfix)) }
                .Where(h => h.Item2 is not null).Select(h => (h.Item1, h.Item2!)),
        ],
    };

    private static DateTimeOffset? Time(string? text, string option) => text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw new CommandException(
            ExitCode.Usage, $"{option} {text}: not a time; write a date such as 2026-11-25 or 2026-11-25T08:00 (UTC)");
}
