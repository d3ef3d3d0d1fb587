using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;

namespace Backstop.SpamRules.Learning;

/// <summary>
/// Words of the header, each with its field's name (Plugin/Bayes.pm, _tokenize_headers). Fields that tell the way of a single
/// message, a list's housekeeping or another filter's verdict are left out; ids and dates are cut to what many messages share.
/// </summary>
internal static class TokenHeaders
{
    private static readonly PerlRegex _ignored = new(
        "^(?:X-)?(?:Sender|Delivered-To|Delivery-Date|Envelope-To|X-MIME-Auto-?converted|List-.*|X-Unsub.*|X-Mailman-Version|X-BeenTher"
            + "e|X-Loop|Mail-Followup-To|X-eGroups-.*|"
        + "X-MDMailing-List|X-XEmacs-List|X-Sympa-To|Resent-(?:From|To|Date)|Original-(?:From|To|Date)|X-MailScanner.*|X-Spam.*|X-Antis"
        + "pam|X-RBL-Warning|X-MDaemon-Deliver-To|"
        + "X-Virus-Scanned|X-Pyzor|X-DCC-.*|X-Filtered-By|X-Scanned-By|X-Scanner|X-AP-Spam-.*|X-RIPE-Spam-Status|X-SpamCop-.*|X-SMTPD|S"
        + "pam-Apparently-To|SPAM|X-Perlmx-Spam|"
        + "X-Bogosity|Content-Class|Thread-(?:Index|Topic)|X-OriginalArrivalTime|Status|X-Flags|X-Keywords|Replied|Forwarded|Lines|Cont"
        + "ent-Length|X-UIDL?|X-IMAPbase|X-Bugzilla-.*|"
        + "X-VM-.*|X-Gnus-Mail-Source|Xref|Date|X-Backstop.*)$", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _presence = new(
        "^(?:X-Face|X-(?:Gnu-?PG|PGP|GPG)(?:-Key)?-Fingerprint|D(?:KIM|omainKey)-Signature|X-Google-DKIM-Signature|ARC-.*|Autocrypt)"
            + "$", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _addresses = new(
        "^(?:X-|Resent-)?(?:Return-Path|From|To|Cc|Reply-To|Errors-To|Sender)$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _ids = new("^(?:X-|Resent-)?(?:Message-Id|In-Reply-To|References)$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _outlookId = new("<([0-9a-f]{4})[0-9a-f]{8}\\$([0-9a-f]{4})[0-9a-f]{4}\\$([0-9a-f]{8})@(\\S+)>");
    private static readonly PerlRegex _eximId = new("<[A-Za-z0-9]{7}-[A-Za-z0-9]{6}-0[A-Za-z0-9]@");
    private static readonly PerlRegex _dateId = new("<20\\d\\d[01]\\d[0123]\\d[012]\\d[012345]\\d[012345]\\d\\.[A-F0-9]{10,12}@");
    private static readonly PerlRegex _boundary = new("boundary=[\"'](.*?)[\"']", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _hex = new("[a-fA-F0-9]");
    private static readonly PerlRegex _separators = new("([-_.=]+)");
    private static readonly PerlRegex _relayKeys = new(" [a-z]+=");
    private static readonly PerlRegex _relayIds = new(" id=\\S*| ident=\\S*| envfrom=\\S*");

    public static void Add(MessageScan scan, ICollection<string> tokens)
    {
        var text = new TokenText(tokens);
        foreach (
            var name in scan.Message.HeaderOrder.Distinct(StringComparer.OrdinalIgnoreCase).Where(n =>
                !_ignored.IsMatch(n) && !scan.Settings.BayesIgnoreHeaders.Contains(n)))
        {
            if (!name.Equals("received", StringComparison.OrdinalIgnoreCase))
            {
                AddField(scan.Message, name, text);
            }
        }

        foreach (var relays in new[] { scan.Relays.Trusted, scan.Relays.Untrusted })
        {
            var prefix = relays == scan.Relays.Trusted ? "H*RT:" : "H*RU:";
            text.AddHeader(_relayKeys.Replace(_relayIds.Replace(RelayTrail.Format(relays), ""), " "), prefix);
        }
    }

    private static void AddField(SpamMessage message, string name, TokenText text)
    {
        var prefix = "H" + name.ToLowerInvariant() + ":";
        if (_presence.IsMatch(name))
        {
            text.AddHeader("present", prefix);
        }
        else if (_addresses.IsMatch(name))
        {
            foreach (var address in message.RawHeaders(name).SelectMany(HeaderAddresses.Parse))
            {
                text.AddHeader(
                    string.Join(' ', (address.Phrase ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => "N*" + w)),
                    prefix);
                text.AddAddress(address.Address ?? "");
            }
        }
        else
        {
            text.AddHeader(Cut(name, string.Join(' ', message.Headers(name))), prefix);
        }
    }

    private static string Cut(string name, string body)
    {
        if (_ids.IsMatch(name))
        {
            return _dateId.Replace(_eximId.Replace(_outlookId.Replace(body, " OEA$1 OEB$2 OEC$3 $4 "), ""), "");
        }

        return name.Equals("content-type", StringComparison.OrdinalIgnoreCase) && _boundary.Match(body) is { Success: true } match
            ? body.Remove(match.Index, match.Length) + " " + _separators.Replace(_hex.Replace(match.Groups[1].Value, "H"), " $1 ")
            : body;
    }
}
