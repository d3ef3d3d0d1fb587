using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>Senders of large providers whose servers the message never passed (Plugin/HeaderEval.pm).</summary>
internal static class ForgeryEvals
{
    private const int GoogleTokenLength = 60;

    private static readonly PerlRegex _space = new("\\s+");
    private static readonly PerlRegex _ezmlm = new("^contact \\S+@\\S+; run by ezmlm$", RegexOptions.Multiline);
    private static readonly PerlRegex _ezmlmTo = new("^mailing list \\S+@\\S+", RegexOptions.Multiline);
    private static readonly PerlRegex _ezmlmReceived = new("qmail \\d+ invoked (?:from network|by .{3,20})\\); \\d+ ... \\d+");
    private static readonly PerlRegex _msnGroups = new("from groups\\.msn\\.com \\(\\S+\\.msn\\.com ");
    private static readonly PerlRegex _outlookOrg = new("hotmail\\.com|msonline-outlook");

    private static readonly PerlRegex[] _hotmailByAddress =
    [
        new("from (?:\\S*\\.)?hotmail.com \\(\\S+\\.hotmail(?:\\.msn)?\\.com[ )]"),
        new("from \\S*\\.hotmail.com \\(\\[" + IpPatterns.Any + "\\][ ):]"),
        new("from \\S+ by \\S+\\.hotmail(?:\\.msn)?\\.com with HTTP;"),
        new("from \\[66\\.218.\\S+\\] by \\S+\\.yahoo\\.com"),
    ];

    private static readonly PerlRegex[] _hotmailByOrg =
    [
        new("from \\S*\\.outbound\\.protection\\.outlook\\.com \\(\\S+\\.outbound\\.protection\\.outlook\\.com[ )]"),
        new("from \\S*\\.(?:eur|nam)prd\\d+\\.prod\\.outlook\\.com \\(" + IpPatterns.Any + "\\)"),
    ];

    private static readonly PerlRegex _hotmailName = new("(?:from |HELO |helo=)\\S*hotmail\\.com\\b");
    private static readonly PerlRegex _hotmailSender = new("\\bhotmail\\.com$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _msnTo = new("<(\\S+)@groups\\.msn\\.com>", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _msnPickup = new("from mail pickup service by ((?:p\\d\\d\\.)groups\\.msn\\.com)\\b");
    private static readonly PerlRegex _eudora = new("\\beudoramail\\.com$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _whowhere = new("by \\S*whowhere.com;");
    private static readonly PerlRegex _yahoo = new("\\byahoo\\.com$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _yahooTrusted = new(" rdns=\\S+\\.yahoo\\.com ");
    private static readonly PerlRegex _yahooUntrusted = new("^[^\\]]+ rdns=\\S+\\.yahoo\\.com ");

    private static readonly PerlRegex[] _yahooReceived =
    [
        new("by web\\S+\\.mail\\S*\\.yahoo\\.com via HTTP"),
        new("by sonic\\S+\\.consmr\\.mail\\S*\\.yahoo\\.com with HTTP"),
        new("by smtp\\S+\\.yahoo\\.com with SMTP"),
        new("from \\[" + IpPatterns.Any + "\\] by \\S+\\.(?:groups|scd|dcn)\\.yahoo\\.com with NNFMP"),
        new("by \\w+\\.\\w+\\.yahoo\\.com \\(\\d+\\.\\d+\\.\\d+/\\d+\\.\\d+\\.\\d+\\)(?: with ESMTP)? id \\w+"),
    ];

    private static readonly PerlRegex _yahooBulk = new("\\bmailer\\d+\\.bulk\\.scd\\.yahoo\\.com\\b");
    private static readonly PerlRegex _yahooReply = new("@reply\\.yahoo\\.com$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _juno = new("\\bjuno\\.com$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _junoRelay = new("from.*\\b(?:juno|untd)\\.com.*[\\[(]" + IpPatterns.Any + "[\\])].*by");
    private static readonly PerlRegex _junoCookie = new(" cookie\\.(?:juno|untd)\\.com ");
    private static readonly PerlRegex _junoMail = new("from.*\\bmail\\.com.*\\[" + IpPatterns.Any + "\\].*by");
    private static readonly PerlRegex _junoWeb = new(
        "from (webmail\\S+\\.untd\\.com) \\((webmail\\S+\\.untd\\.com) \\[" + IpPatterns.Any + "\\]\\) by");
    private static readonly PerlRegex _mailCom = new("\\bmail\\.com");
    private static readonly PerlRegex _webmailVersion = new("^Webmail Version \\d");
    private static readonly PerlRegex _gmail = new("\\bgmail\\.com$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _gmailV4 = new("by 10\\.\\S+ with SMTP id \\S+");
    private static readonly PerlRegex _gmailV6 = new("by 2002:a\\d\\d:\\w+:\\S+ with SMTP id \\S+");
    private static readonly PerlRegex _googlemail = new("by smtp\\.googlemail\\.com with ESMTPSA id \\S+");
    private static readonly PerlRegex _gw05 = new(
        "\\nfrom\\s(\\S+)\\sby\\s(\\S+)\\swith\\sESMTP;\\s+\\S\\S\\S,"
            + "\\s+\\d+\\s+\\S\\S\\S\\s+\\d{4}\\s+\\d\\d:\\d\\d:\\d\\d\\s+[-+]*\\d{4}\\n$");

    public static void Register(EvalTable table)
    {
        table.Add("gated_through_received_hdr_remover", static (scan, _) => IsGated(scan));
        table.Add("check_for_forged_hotmail_received_headers", static (scan, _) => Hotmail(scan) == HotmailTrail.Forged);
        table.Add("check_for_no_hotmail_received_headers", static (scan, _) => Hotmail(scan) == HotmailTrail.Absent);
        table.Add("check_for_msn_groups_headers", static (scan, _) => IsMsnGroup(scan));
        table.Add("check_for_forged_eudoramail_received_headers", static (scan, _) => IsForgedEudora(scan));
        table.Add("check_for_forged_yahoo_received_headers", static (scan, _) => IsForgedYahoo(scan));
        table.Add("check_for_forged_juno_received_headers", static (scan, _) => IsForgedJuno(scan));
        table.Add("check_for_forged_gmail_received_headers", static (scan, _) => IsForgedGmail(scan));
        table.Add("check_for_forged_gw05_received_headers", static (scan, _) =>
            _gw05.Match(scan.Headers.One("Received")) is { Success: true } match && !match.Groups[2].Value.Contains('.'));
    }

    private enum HotmailTrail
    {
        Fine,
        Forged,
        Absent,
    }

    /// <summary>Whether the message came through a gateway that removes Received fields.</summary>
    public static bool IsGated(MessageScan scan)
    {
        var headers = scan.Headers;
        if (_ezmlm.IsMatch(headers.One("Mailing-List")) && _ezmlmTo.IsMatch(headers.One("Delivered-To"))
            && _ezmlmReceived.IsMatch(headers.One("Received")))
        {
            return true;
        }

        return !headers.Has("Received") || _msnGroups.IsMatch(headers.One("Received"));
    }

    private static HotmailTrail Hotmail(MessageScan scan) => scan.Remember("hotmail", () =>
    {
        var received = Received(scan);
        if (received.Contains("from mail pickup service by hotmail.com with Microsoft SMTPSVC;", StringComparison.Ordinal)
            || IsMsnGroup(scan) || IsGated(scan))
        {
            return HotmailTrail.Fine;
        }

        var hasAddress = IpPatterns.Find(scan.Headers.One("X-Originating-Ip")).Any();
        var hasOrg = _outlookOrg.IsMatch(scan.Headers.One("X-OriginatorOrg"));
        if ((hasAddress && Array.Exists(_hotmailByAddress, r => r.IsMatch(received)))
            || (hasOrg && Array.Exists(_hotmailByOrg, r => r.IsMatch(received))))
        {
            return HotmailTrail.Fine;
        }

        return _hotmailName.IsMatch(received) ? HotmailTrail.Forged
            : _hotmailSender.IsMatch(scan.Headers.One("From:addr")) ? HotmailTrail.Absent
            : HotmailTrail.Fine;
    });

    private static bool IsMsnGroup(MessageScan scan)
    {
        if (_msnTo.Match(scan.Headers.One("To")) is not { Success: true } to
            || _msnPickup.Match(scan.Headers.One("Received")) is not { Success: true } pickup)
        {
            return false;
        }

        var list = to.Groups[1].Value;
        var id = scan.Headers.One("Message-Id");
        return list == "notifications"
            ? IsId(id, "<", $"@{pickup.Groups[1].Value}>")
            : IsId(id, $"<{list}-", "@groups.msn.com>")
                && scan.Headers.One("EnvelopeFrom:addr").Contains(list + "-bounce@groups.msn.com", StringComparison.Ordinal);
    }

    // Whether the text begins with one word without blanks that has this start and ending and something in between.
    private static bool IsId(string text, string start, string ending)
    {
        var end = 0;
        while (end < text.Length && !PerlSpace.Is(text[end]))
        {
            end++;
        }

        return text.StartsWith(start, StringComparison.Ordinal) && end > 0
            && text.LastIndexOf(ending, end - 1, StringComparison.Ordinal) > start.Length;
    }

    private static bool IsForgedEudora(MessageScan scan) => _eudora.IsMatch(scan.Headers.One("From:addr")) && !IsGated(scan)
        && !(IpPatterns.Find(scan.Headers.One("X-Sender-Ip")).Any() && _whowhere.IsMatch(Received(scan)));

    private static bool IsForgedYahoo(MessageScan scan)
    {
        var from = scan.Headers.One("From:addr");
        if (!_yahoo.IsMatch(from) || IsGated(scan))
        {
            return false;
        }

        var received = scan.Headers.One("Received");
        if (scan.Headers.One("Resent-From").Length > 0 && scan.Headers.One("Resent-To").Length > 0
            && scan.Headers.One("X-Received") is { Length: > 0 } inner)
        {
            received = inner;
        }

        received = _space.Replace(received, " ");
        return !_yahooTrusted.IsMatch(RelayTrail.Format(scan.Relays.Trusted))
            && !_yahooUntrusted.IsMatch(RelayTrail.Format(scan.Relays.Untrusted))
            && !Array.Exists(_yahooReceived, r => r.IsMatch(received)) && !(_yahooBulk.IsMatch(received) && _yahooReply.IsMatch(from));
    }

    private static bool IsForgedJuno(MessageScan scan)
    {
        if (!_juno.IsMatch(scan.Headers.One("From:addr")) || IsGated(scan))
        {
            return false;
        }

        var origin = scan.Headers.One("X-Originating-IP");
        var mailer = scan.Headers.One("X-Mailer");
        var received = scan.Headers.One("Received");
        if (origin.Length > 0)
        {
            return (!_junoRelay.IsMatch(received) && !_junoCookie.IsMatch(received)) || !mailer.Contains("Juno ", StringComparison.Ordinal);
        }

        // Without X-Originating-IP no address can be found in it below.
        return !(
            _junoMail.IsMatch(received) ? _mailCom.IsMatch(mailer) : _junoWeb.Matches(received).Any(m =>
                m.Groups[1].ValueSpan.SequenceEqual(m.Groups[2].ValueSpan)) && _webmailVersion.IsMatch(mailer))
            || !IpPatterns.Find(origin).Any();
    }

    private static bool IsForgedGmail(MessageScan scan)
    {
        if (!_gmail.IsMatch(scan.Headers.One("From:addr")))
        {
            return false;
        }

        var inner = scan.Headers.One("X-Received");
        return !_gmailV4.IsMatch(inner) && !_gmailV6.IsMatch(inner) && !_googlemail.IsMatch(scan.Headers.One("Received"))
            && (scan.Headers.One("X-Gm-Message-State").Length < GoogleTokenLength
                || scan.Headers.One("X-Google-Smtp-Source").Length < GoogleTokenLength);
    }

    private static string Received(MessageScan scan) => _space.Replace(scan.Headers.One("Received"), " ");
}
