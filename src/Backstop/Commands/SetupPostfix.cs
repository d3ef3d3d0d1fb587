using System.CommandLine;
using System.Globalization;
using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Setup;

namespace Backstop.Commands;

/// <summary>The verb <c>setup postfix</c>: everything is looked at first, then Backstop's side is made, then Postfix is changed.</summary>
internal sealed class SetupPostfix
{
    private readonly SetupOptions _options = new();

    private readonly Option<string> _folder = new("--config-dir")
    {
        Description = "The folder of Postfix's configuration.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "/etc/postfix"
    };

    public static Command Create()
    {
        var verb = new SetupPostfix();
        var command = verb._options.Make("postfix", "Postfix: adds a milter to those that are configured.", verb._folder);
        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var tools = new PostfixTools(parsed.GetValue(_folder)!);
        var setup = new PostfixSetup(tools);
        if (parsed.GetValue(_options.Undo))
        {
            var done = await setup.UndoAsync(ct);
            Console.WriteLine(done.Count == 0 ? "nothing of Backstop was found in this configuration" : string.Join('\n', done));
            return ExitCode.Done;
        }

        if (!parsed.GetValue(_options.Check) || parsed.GetValue(_options.Apply) || parsed.GetValue(_options.Prepare))
        {
            await WriteAsync(parsed, tools, setup, ct);
        }

        return parsed.GetValue(_options.Check) ? await _options.CheckAsync(parsed, ct) : ExitCode.Done;
    }

    private async Task WriteAsync(ParseResult parsed, PostfixTools tools, PostfixSetup setup, CancellationToken ct)
    {
        var (config, existing) = (parsed.GetValue(_options.Config)!, _options.Existing(parsed));
        var domains = await new PostfixDomains(tools).ReadAsync(_options.Domains(parsed), ct);
        var hasDetail = await setup.HasDetailAsync(ct);
        var needsTable = existing is null ? !hasDetail : existing.Outbound.SignSender && existing.Batv.Form == BatvForm.Prefix;
        var plan = await new PostfixPlanner(tools, Milter(existing, config), needsTable ? Table(existing, config) : null).MakeAsync(ct);
        var networks = PostfixPlanner.Networks(await tools.ExpandedAsync("mynetworks", ct));
        await _options.OwnAsync(parsed, SetupTexts.Milter(domains.Names, hasDetail, plan.Daemons, networks), domains, ct);
        Show(tools.Folder, plan);
        if (!parsed.GetValue(_options.Apply))
        {
            return;
        }

        if (plan.Obstacles.Count > 0)
        {
            throw new CommandException(
                ExitCode.BadConfig, $"{string.Join('\n', plan.Obstacles)}\nPostfix was not changed");
        }

        await new OwnSide(config).RequireAsync(CommonOptions.Read(config), "Postfix", ct);
        if (plan.Changes.Count > 0)
        {
            await setup.ApplyAsync(plan.Changes, ct);
            Console.WriteLine(
                "\nwritten; copies of the old files: *.before-backstop. To remove Backstop again: "
                    + $"backstop setup postfix --undo{GivenOptions.Of(parsed, [_folder])}");
        }
    }

    private static string Milter(BackstopOptions? existing, string config) =>
        existing is null ? string.Create(CultureInfo.InvariantCulture, $"inet:127.0.0.1:{SetupPorts.Milter}")
            : $"inet:{Place(existing.Listen.Milter, $"listen.milter = \"127.0.0.1:{SetupPorts.Milter}\"", config)}";

    private static string Table(BackstopOptions? existing, string config) =>
        existing is null ? string.Create(CultureInfo.InvariantCulture, $"socketmap:inet:127.0.0.1:{SetupPorts.Table}:untag")
            : $"socketmap:inet:{Place(existing.Listen.Table, $"listen.table = \"127.0.0.1:{SetupPorts.Table}\"", config)}:untag";

    private static string Place(IReadOnlyList<IPEndPoint> places, string line, string config)
    {
        if (places.Count == 0)
        {
            throw new CommandException(ExitCode.BadConfig, $"{config}: Postfix needs a port to ask at; add {line}");
        }

        var place = places[0];
        var address = place.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : place.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : place.Address;
        return new IPEndPoint(address, place.Port).ToString();
    }

    private static void Show(string folder, PostfixPlan plan)
    {
        Console.WriteLine(plan.Changes.Count == 0 ? $"\n{folder}: nothing to add, all lines are there" : "");
        foreach (var file in plan.Changes.GroupBy(c => c.IsService ? "master.cf" : "main.cf"))
        {
            Console.WriteLine($"{Path.Combine(folder, file.Key)}:");
            foreach (var change in file)
            {
                Console.WriteLine($"# {change.Why}");
                Console.WriteLine(change.IsService ? $"postconf -P \"{change.Name}={change.New}\"" : $"{change.Name} = {change.New}");
            }
        }

        foreach (var note in plan.Notes.Concat(plan.Obstacles))
        {
            Console.WriteLine($"# note: {note}");
        }
    }
}
