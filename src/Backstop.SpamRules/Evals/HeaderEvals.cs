using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>Single header fields (Plugin/HeaderEval.pm).</summary>
internal static class HeaderEvals
{
    private static readonly PerlRegex _replyPrefix = new("^(?:(?:Re|Fwd|Fw|Aw|Antwort|WG|SV|VB|VS|VL):\\s*)+", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _capsCharset = new(
        "=\\?[-_a-z0-9]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)[-_a-z0-9]*\\?", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _template = new("%[A-Z][A-Z_-]");
    private static readonly PerlRegex _mayHoldTemplate = new(
        "^(?:X-VMS-To|X-UIDL|X-Face|To|Cc|From|Subject|References|In-Reply-To|(?:X-|Resent-|X-Original-)?Message-Id)"
            + ":", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _ratwareId = new("<[A-Z]{28}\\.([^>]+?)>");
    private static readonly PerlRegex _srs = new("^SRS\\d[=+-]", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _address = new("^([^@]+)@(.+)$");
    private static readonly PerlRegex _domain = new("@([^@]*)\\z");
    private static readonly PerlRegex _lastTwoLabels = new("^.+\\.([^.]+\\.[^.]+)$");
    private static readonly PerlRegex _unsubscribe = new("<mailto:(?:leave-\\S+|\\S+-unsubscribe)@\\S+>$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _space = new("\\s+");
    private static readonly PerlRegex _aolRelay = new(" rly-[a-z][a-z]\\d\\d\\.", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _aolVersion = new("/AOL-\\d+\\.\\d+\\.\\d+\\)");
    private static readonly PerlRegex _aolId = new("ESMTP id (?:RELAY|MAILRELAY|MAILIN)");

    public static void Register(EvalTable table)
    {
        table.Add("subject_is_all_caps", static (scan, _) => SubjectIsAllCaps(scan));
        table.Add(
            "check_for_missing_to_header",
            static (scan, _) => scan.Headers.One("To").Length == 0 && scan.Headers.One("Apparently-To").Length == 0);
        table.Add("check_unresolved_template", static (scan, _) =>
            scan.Headers.One("ALL").Split('\n').Any(line => _template.IsMatch(line) && !_mayHoldTemplate.IsMatch(line)));
        table.Add("check_header_count_range", static (scan, arguments) =>
            scan.Message.Headers(arguments[0] ?? "").Distinct(StringComparer.Ordinal).Count() is var count
                && count >= arguments.Number(1) && count <= arguments.Number(2));
        table.Add("check_illegal_chars", static (scan, arguments) => HasIllegalCharacters(scan, arguments));
        table.Add("check_equal_from_domains", static (scan, _) => Domain(scan.Headers.One("From:addr")) is { Length: > 0 } from
            && Domain(scan.Headers.One("EnvelopeFrom:addr")) is { Length: > 0 } envelope && !from.Equals(
            envelope, StringComparison.OrdinalIgnoreCase));
        table.Add("check_for_matching_env_and_hdr_from", static (scan, _) =>
            scan.Headers.One("EnvelopeFrom:addr").Equals(scan.Headers.One("From:addr"), StringComparison.OrdinalIgnoreCase));
        table.Add("check_ratware_name_id", static (scan, _) => HasRatwareId(scan));
        table.Add("check_ratware_envelope_from", static (scan, _) => HasRatwareSender(scan));
        table.Add("check_messageid_not_usable", static (scan, _) => _unsubscribe.IsMatch(scan.Headers.One("List-Unsubscribe"))
            || ForgeryEvals.IsGated(scan) || scan.Headers.One("Received") is var received
            && (
            received.Contains("/CWT/DCE)", StringComparison.Ordinal) || received.Contains(
                "iPlanet Messaging Server", StringComparison.Ordinal)));
        table.Add("check_for_fake_aol_relay_in_rcvd", static (scan, _) => _space.Replace(scan.Headers.One("Received"), " ") is var received
            && _aolRelay.IsMatch(received) && !_aolVersion.IsMatch(received) && !_aolId.IsMatch(received));
        table.Add("check_for_unique_subject_id", static (_, _) => false);
        table.Add("check_for_faraway_charset_in_headers", static (scan, _) => Locales.IsFarawayHeader(scan));
    }

    private static bool SubjectIsAllCaps(MessageScan scan)
    {
        var subject = _replyPrefix.Replace(PerlSpace.Trim(scan.Headers.One("Subject")), "");
        if (subject.Length < 10 || !PerlSpace.In(subject))
        {
            return false;
        }

        var letters = subject.Where(char.IsAsciiLetter).ToList();
        return !_capsCharset.IsMatch(scan.Headers.One("Subject:raw")) && letters.Count > 0 && letters.TrueForAll(char.IsAsciiLetterUpper);
    }

    private static bool HasIllegalCharacters(MessageScan scan, EvalArguments arguments)
    {
        var header = arguments[0] ?? "";
        header = header.EndsWith(":raw", StringComparison.Ordinal) ? header : header + ":raw";
        var text = scan.Headers.One(header);
        if (PerlSpace.IsBlank(text))
        {
            return false;
        }

        static bool IsControl(char c) => c is < ' ' and not ('\t' or '\n' or '\r');
        if (!Octets.IsAscii(text) && IsValidUtf8(text) && !text.Any(IsControl))
        {
            return false;
        }

        var illegal = text.Count(c => IsControl(c) || c == '\x7f' || Octets.IsHigh(c));
        if (illegal > 0 && header.Equals("subject:raw", StringComparison.OrdinalIgnoreCase)
            && text.Count(c => (byte)c is 0xA2 or 0xA3 or 0xAE && Octets.IsHigh(c)) == 1)
        {
            illegal--;
        }

        return illegal / (double)text.Length >= (arguments.Number(1) ?? 0) && illegal >= (arguments.Number(2) ?? 0);
    }

    private static bool IsValidUtf8(string octets) => System.Text.Unicode.Utf8.IsValid(Octets.ToBytes(octets));

    private static bool HasRatwareId(MessageScan scan) =>
        _ratwareId.Match(scan.Headers.One("MESSAGEID")) is { Success: true } id
        && HoldsQuotedName(scan.Headers.One("From"), $"<{id.Groups[1].Value}>");

    // A quoted name, then the address in angles.
    private static bool HoldsQuotedName(string from, string angled)
    {
        for (var at = from.IndexOf(angled, StringComparison.Ordinal); at >= 0; at = from.IndexOf(angled, at + 1, StringComparison.Ordinal))
        {
            var close = from.AsSpan(0, at).TrimEnd(PerlSpace.All).Length - 1;
            if (close > 1 && from[close] == '"' && from[close - 1] != '"' && from.LastIndexOf('"', close - 1) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasRatwareSender(MessageScan scan)
    {
        var from = scan.Headers.One("EnvelopeFrom:addr");
        if (from.Length == 0 || _srs.IsMatch(from) || _address.Match(scan.Headers.One("To:addr")) is not { Success: true } to)
        {
            return false;
        }

        var domain = scan.Settings.Boundaries.TrimDomain(to.Groups[2].Value);
        return scan.Settings.Boundaries.IsValid(domain)
            && PerlText.Places(from, domain)
            .Any(at => PerlText.IsBoundary(from, at) && StartsBehind(from, at + domain.Length, to.Groups[1].Value + "@"));
    }

    // Whether the wanted text follows after one octet that is not a line end.
    private static bool StartsBehind(string text, int at, string wanted) =>
        at < text.Length && text[at] != '\n' && text.AsSpan(at + 1).StartsWith(wanted, StringComparison.OrdinalIgnoreCase);

    private static string Domain(string address) =>
        _domain.Match(address) is { Success: true } match ? _lastTwoLabels.Replace(match.Groups[1].Value, "$1") : "";
}
