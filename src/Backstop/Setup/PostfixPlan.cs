using System.Net;

namespace Backstop.Setup;

/// <summary>The changes that put Backstop beside a Postfix.</summary>
/// <param name="Changes">The settings that are missing.</param>
/// <param name="Notes">What the administrator should know of them, a sentence each.</param>
/// <param name="Obstacles">Why they must not be written yet, a sentence each with what to do.</param>
/// <param name="Daemons">Names of listeners for users besides ORIGINATING, for <c>outbound.daemons</c>.</param>
internal sealed record PostfixPlan(
    IReadOnlyList<PostfixChange> Changes, IReadOnlyList<string> Notes, IReadOnlyList<string> Obstacles, IReadOnlyList<string> Daemons);

/// <summary>Finds out what is missing in a Postfix configuration.</summary>
/// <param name="tools">The <c>postconf</c> and <c>postmap</c> of the configuration that is planned for.</param>
/// <param name="milter">Backstop's milter as Postfix names it: <c>inet:127.0.0.1:7625</c>.</param>
/// <param name="table">Its table: <c>socketmap:inet:127.0.0.1:7627:untag</c>; null where signed addresses are delivered without.</param>
internal sealed class PostfixPlanner(PostfixTools tools, string milter, string? table)
{
    private const string Milters = "smtpd_milters";
    private const string Daemon = "milter_macro_daemon_name";
    private const string Originating = "ORIGINATING";

    private readonly List<PostfixChange> _changes = [];
    private readonly List<string> _notes = [];
    private readonly List<string> _obstacles = [];
    private readonly List<string> _daemons = [];

    // For this milter alone: other filters keep what milter_default_action says of them.
    private string Element => $"{{ {milter}, default_action=accept }}";

    /// <summary>Makes the plan.</summary>
    public async Task<PostfixPlan> MakeAsync(CancellationToken ct)
    {
        var services = await tools.ServicesAsync(ct);
        var before = await tools.SetValueAsync(Milters, ct);
        var change = await AppendAsync(Milters, Element, "Backstop decides at RCPT and at the end of each message", null, ct);

        // non_smtpd_milters may refer to smtpd_milters, and then gets what is added there.
        var then = change is null ? null : $"{Milters}={change.New}";
        await AppendAsync("non_smtpd_milters", Element, "mail of local programs passes Backstop too", then, ct);
        if (table is not null)
        {
            await AppendAsync("recipient_canonical_maps", table, "bounces to a signed address reach their mailbox", null, ct);
            _notes.Add("Postfix asks Backstop's table about every recipient, and defers mail while Backstop is down");
        }

        foreach (var service in services.Where(s => s.IsSmtpd))
        {
            await ListenerAsync(service, before ?? "", ct);
        }

        await NamesAsync(services, ct);
        await LocalAsync(services, ct);
        await AliasesAsync(ct);
        return new(_changes, _notes, _obstacles, [.. _daemons.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>The networks of mynetworks but loopback, as Backstop writes them.</summary>
    public static IReadOnlyList<IPNetwork> Networks(string mynetworks) =>
        [.. PostfixList.Split(mynetworks)
            .Select(n => n.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal))
            .Select(n => IPNetwork.TryParse(n, out var network) ? network
                : IPAddress.TryParse(n, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : (IPNetwork?)null)
            .OfType<IPNetwork>()
            .Where(n => !IPAddress.IsLoopback(n.BaseAddress.IsIPv4MappedToIPv6 ? n.BaseAddress.MapToIPv4() : n.BaseAddress))];

    private async Task ListenerAsync(PostfixService service, string before, CancellationToken ct)
    {
        var name = $"{service.Key}/{Milters}";
        if (service.KeepsFromMilters)
        {
            if (service.IsForUsers || service.IsForStrangers)
            {
                _notes.Add($"{service.Key} has receive_override_options=no_milters, so its mail does not pass Backstop");
            }
        }
        else if (service.TakesBackFromFilter)
        {
            if (!service.Options.ContainsKey(Milters))
            {
                var kept = string.Join(',', PostfixList.Split(before).Select(PostfixList.Compact));
                _changes.Add(new(name, null, kept, "", "mail that a filter hands back was judged when it came"));
            }
        }
        else if (service.Options.TryGetValue(Milters, out var own) && !Has(own)
            && (own.Length > 0 || service.IsForUsers || service.IsForStrangers))
        {
            // postconf takes no blanks in values of master.cf.
            var old = await tools.SetValueAsync(name, ct);
            var added = PostfixList.Split(old).Append(Element).Select(PostfixList.Compact);
            _changes.Add(new(name, old, string.Join(',', added), Element, "this service has milters of its own"));
        }

        if (service.IsForUsers)
        {
            Name(service);
        }
    }

    private void Name(PostfixService service)
    {
        if (!service.Options.TryGetValue(Daemon, out var named))
        {
            _changes.Add(new(
                $"{service.Key}/{Daemon}", null, Originating, Originating, "mail that arrives here is ours, and is signed"));
        }
        else if (named != Originating)
        {
            _daemons.Add(named);
        }
    }

    // A listener that strangers reach must not have the name by which mail is known as ours.
    private async Task NamesAsync(IReadOnlyList<PostfixService> services, CancellationToken ct)
    {
        var everywhere = await tools.ExpandedAsync(Daemon, ct);
        foreach (var service in services.Where(s => s.IsForStrangers))
        {
            var name = service.Options.GetValueOrDefault(Daemon, everywhere);
            if (name.Equals(Originating, StringComparison.OrdinalIgnoreCase) || _daemons.Contains(name))
            {
                _obstacles.Add(
                    $"{service.Key} has {Daemon} = {name}, so that mail of strangers would count as ours; set it for the services "
                        + "where users send only (postconf -P), and take it out of main.cf");
            }
        }
    }

    // For mail that did not come by SMTP, that of the command sendmail, cleanup names the listener.
    private async Task LocalAsync(IReadOnlyList<PostfixService> services, CancellationToken ct)
    {
        if (services.FirstOrDefault(s => s is { Name: "cleanup", Type: "unix" }) is not { } cleanup || cleanup.Options.ContainsKey(Daemon))
        {
            return;
        }

        var filter = await tools.ExpandedAsync("content_filter", ct) is { Length: > 0 } main ? main
            : services.Select(s => s.Options.GetValueOrDefault("content_filter", "")).FirstOrDefault(f => f.Length > 0);
        if (filter is null && services.All(s => s.Command != "qmqpd"))
        {
            _changes.Add(new(
                $"{cleanup.Key}/{Daemon}", null, Originating, Originating,
                "mail of the command sendmail is ours, and is signed; mail over SMTP has the name of its own service"));
        }
        else
        {
            _notes.Add(
                $"mail of the command sendmail is not signed, because a filter ({filter ?? "qmqpd"}) may hand mail of strangers back by "
                    + $"it; if it does not: postconf -P {cleanup.Key}/{Daemon}={Originating}");
        }
    }

    private async Task AliasesAsync(CancellationToken ct)
    {
        if (table is null && (await tools.ExpandedAsync("virtual_alias_maps", ct)).Length > 0
            && (await tools.ExpandedAsync("propagate_unmatched_extensions", ct)).Contains("virtual", StringComparison.Ordinal))
        {
            _notes.Add(
                "a bounce to a signed address that virtual_alias_maps sends elsewhere keeps its tag there (other+prvs=TAG@...), where "
                    + "the address may not exist; name addresses with such an alias in outbound.unsigned_from");
        }
    }

    private async Task<PostfixChange?> AppendAsync(string name, string element, string why, string? instead, CancellationToken ct)
    {
        if (PostfixList.Split(await tools.ExpandedAsync(name, ct, instead)).Any(e => PostfixList.IsSame(e, element)))
        {
            return null;
        }

        var old = await tools.SetValueAsync(name, ct);
        var change = new PostfixChange(name, old, string.IsNullOrWhiteSpace(old) ? element : $"{old}, {element}", element, why);
        _changes.Add(change);
        return change;
    }

    private bool Has(string list) => PostfixList.Split(list).Any(e => PostfixList.IsSame(e, milter));
}
