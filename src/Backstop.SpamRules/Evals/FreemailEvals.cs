using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Evals;

/// <summary>Addresses at free mail providers (Plugin/FreeMail.pm).</summary>
internal static class FreemailEvals
{
    private const int MaxLinks = 20;
    private const int MaxBody = 40;

    // The longest head that _quoteHead takes.
    private const int MaxQuoteHead = 22;

    private static readonly PerlRegex _neverFree = new(
        "^(?:abuse|support|sales|info|helpdesk|contact|kontakt|(?:post|host|domain)master|undisclosed.*|request-[a-f0-9]{16}|bounced?-"
        + "|[a-f0-9]{8}(?:\\.[a-f0-9]{8}|-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})|.+=.+=.+)@", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _bulkSender = new(
        "(?:^(?:post|host|domain)master|^double-bounce|^(?:sentto|owner|return|(?:gr)?bounced?)-.+|-(?:request|bounces?|admin|owner)"
        + "|\\b(?:|do[._-t]?)no[._-t]?repl(?:y|ies)|.+=.+)@", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _linkWithAddress = new("(?:|<)https?://\\S{0,255}(?:@|%40)\\S{0,255}", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _quoteHead = new("^(?:>|\\s{1,10}([a-z]{2,11}):)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _contact = new("^(?:fa(?:x|csi)|tel|phone|e?mail)", RegexOptions.IgnoreCase);

    public static void Register(EvalTable table)
    {
        table.Add(
            "check_freemail_from",
            static (scan, arguments) => Any(scan, Senders.From(scan).Select(a => a.ToLowerInvariant()), arguments[0]));
        table.Add(
            "check_freemail_header",
            static (scan, arguments) => Any(
                scan, scan.Headers.All($"{arguments[0]}:addr").Select(a => a.ToLowerInvariant()), arguments[1]));
        table.Add("check_freemail_body", static (scan, arguments) => Body(scan) is { } body && Matching(scan, body, arguments[0]));
        table.Add("check_freemail_replyto", static (scan, arguments) => RepliesElsewhere(scan, arguments[0] ?? "replyto"));
    }

    private static bool Any(MessageScan scan, IEnumerable<string> addresses, string? pattern) =>
        Matching(scan, addresses.Where(a => a.Length > 0 && IsFree(scan.Settings, a)), pattern);

    private static bool Matching(MessageScan scan, IEnumerable<string> addresses, string? pattern)
    {
        var compiled = pattern is null ? null : EvalPatterns.Get(pattern);
        return addresses.Any(a => compiled is null || compiled.IsMatch(a, scan.Steps));
    }

    private static bool IsFree(SpamSettings settings, string address)
    {
        var domain = address[(address.LastIndexOf('@') + 1)..];
        return !settings.FreemailWelcome.Contains(address) && !settings.FreemailWelcome.Contains(domain) && !_neverFree.IsMatch(address)
            && !settings.FreemailImports.Any(l => settings.AddressLists.TryGetValue(l, out var list) && list.Contains(address))
            && (settings.FreemailDomains.Contains(domain) || settings.FreemailWildcards.Exists(w => Wildcard(w).IsMatch(address)));
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, PerlRegex> _wildcards = new(StringComparer.Ordinal);

    private static PerlRegex Wildcard(string domain) => _wildcards.GetOrAdd(domain, static d => new PerlRegex(
        "@(?:" + d.Replace(".", "\\.", StringComparison.Ordinal).Replace('?', '.').Replace("*", "[^.]*", StringComparison.Ordinal) + ")$"));

    private static bool RepliesElsewhere(MessageScan scan, string what)
    {
        if (scan.Settings.FreemailSkipsBulk && scan.Headers.All("EnvelopeFrom") is { Count: > 0 } sender && _bulkSender.IsMatch(sender[0]))
        {
            return false;
        }

        var from = scan.Headers.All("From:addr").ConvertAll(a => a.ToLowerInvariant());
        var replyTo = scan.Headers.All("Reply-To:addr").ConvertAll(a => a.ToLowerInvariant());
        var fromIsFree = from.Exists(a => IsFree(scan.Settings, a));
        var replyToIsFree = replyTo.Exists(a => IsFree(scan.Settings, a));
        if (fromIsFree && replyToIsFree && !from.Exists(replyTo.Contains))
        {
            return true;
        }

        if (what == "replyto" ? !replyToIsFree : (replyTo.Count > 0 && !replyToIsFree) || !fromIsFree)
        {
            return false;
        }

        var replies = what == "replyto" || replyToIsFree ? replyTo : from;
        return Body(scan) is { } body && body.Any(b => replies.Exists(r => r != b));
    }

    /// <summary>Free mail addresses in the text; null when there are too many to mean anything.</summary>
    private static HashSet<string>? Body(MessageScan scan) =>
        scan.Remember("freemail_body", () => new FoundAddresses(FindBody(scan))).Addresses;

    private static HashSet<string>? FindBody(MessageScan scan)
    {
        var found = new List<string>();
        foreach (var (uri, detail) in scan.Uris.ByUri)
        {
            if (found.Count < MaxLinks && detail.Types.Contains("a") && !detail.Types.Contains("parsed")
                && uri.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
                && First(scan, uri[7..]) is { Start: 0 } match)
            {
                found.Add(uri[7..(7 + match.End)].ToLowerInvariant());
            }
        }

        foreach (var line in scan.Body)
        {
            if (found.Count < MaxBody && line.Contains('@'))
            {
                found.AddRange(InLine(scan, _linkWithAddress.Replace(line, " ")));
            }
        }

        var distinct = found.Distinct(StringComparer.Ordinal).Take(MaxBody).ToList();
        var free = distinct.Where(a => IsFree(scan.Settings, a)).ToHashSet(StringComparer.Ordinal);
        var isCrowd = distinct.Count >= scan.Settings.FreemailMaxBodyEmails || free.Count >= scan.Settings.FreemailMaxBodyFreemails;
        return isCrowd && scan.Settings.FreemailSkipsCrowds ? null : free;
    }

    /// <summary>The addresses of a line that a reader may answer: those in angles or in front of a quoted header are left out.</summary>
    private static IEnumerable<string> InLine(MessageScan scan, string line) => AddressFinder.Find(line)
        .Where(m => scan.Settings.Boundaries.IsTopLevel(line.AsSpan(m.TopLevel, m.End - m.TopLevel))
            && (
            !IsQuoted(
                line[
                    m.End..Math.Min(line.Length, m.End + MaxQuoteHead)]) || line.AsSpan(0, m.Start).EndsWith(
                        "mailto:", StringComparison.Ordinal)))
        .Select(m => line[m.Start..m.End].ToLowerInvariant());

    private static bool IsQuoted(string behind) =>
        _quoteHead.Match(behind) is { Success: true } head && !_contact.IsMatch(head.Groups[1].Value);

    private static FoundAddress? First(MessageScan scan, string text) => AddressFinder.Find(text)
        .Where(m => scan.Settings.Boundaries.IsTopLevel(text.AsSpan(m.TopLevel, m.End - m.TopLevel))).Select(m => (FoundAddress?)m)
        .FirstOrDefault();

    private sealed record FoundAddresses(HashSet<string>? Addresses);
}
