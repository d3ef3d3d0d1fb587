using System.CommandLine;
using Backstop.Backscatter.Proofs;
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
        var ours = new OwnSide(config);
        var plan = await new PostfixPlanner(
            tools, $"inet:{ours.MilterPlace(existing, "Postfix")}",
            needsTable ? $"socketmap:inet:{ours.TablePlace(existing, "Postfix")}:untag" : null).MakeAsync(ct);
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

        await ours.RequireAsync(CommonOptions.Read(config), "Postfix", ct);
        if (plan.Changes.Count > 0)
        {
            await setup.ApplyAsync(plan.Changes, ct);
            Console.WriteLine(
                "\nwritten; copies of the old files: *.before-backstop. To remove Backstop again: "
                    + $"backstop setup postfix --undo{GivenOptions.Of(parsed, [_folder])}");
        }
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
