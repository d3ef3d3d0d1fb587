using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Evals;

/// <summary>Whether a bounce returns a message that left through our hosts (Plugin/VBounce.pm).</summary>
internal static class BounceEvals
{
    private const string List = "welcomelist_bounce_relays";

    private static readonly PerlRegex _received = new("^[> ]*Received:", System.Text.RegularExpressions.RegexOptions.IgnoreCase);
    private static readonly PerlRegex _hostInText = new(" (\\S+\\.\\S+) ");
    private static readonly PerlRegex _hostInField = new("\\s(\\S+\\.\\S+)\\s");

    public static void Register(EvalTable table)
    {
        table.Add("have_any_bounce_relays", static (scan, _) => Relays(scan) is not null);
        table.Add(
            "check_welcomelist_bounce_relays", "check_whitelist_bounce_relays",
            static (scan, _) => Relays(scan) is { } relays && ReturnsOurs(scan, relays));
    }

    private static AddressList? Relays(MessageScan scan) =>
        scan.Settings.AddressLists.TryGetValue(List, out var list) && !list.IsEmpty ? list : null;

    private static bool ReturnsOurs(MessageScan scan, AddressList list)
    {
        if (scan.Body.Any(line => _received.IsMatch(line) && _hostInText.Matches(line).Any(m => list.Contains(m.Groups[1].Value))))
        {
            return true;
        }

        var body = scan.Message.PristineBody;
        if (!body.Contains("Received:", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var field = "";
        foreach (var line in MessageParser.SplitLines(body).Select(l => l.TrimEnd('\n')).SkipWhile(l => !_received.IsMatch(l)))
        {
            field = line.Length > 0 && line[0] is ' ' or '\t' or '\r' && field.Length < 8192 ? field + line : line;
            if (_received.IsMatch(field) && _hostInField.Matches(field).Any(m => list.Contains(m.Groups[1].Value)))
            {
                return true;
            }
        }

        return false;
    }
}
