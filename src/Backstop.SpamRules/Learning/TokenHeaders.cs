using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;

namespace Backstop.SpamRules.Learning;

/// <summary>
/// The tokens of the header, each with its field's name, octet by octet those of SpamAssassin 4.0.1 (Plugin/Bayes.pm,
/// _tokenize_headers). Fields that tell the way of a single message, a list's housekeeping or another filter's verdict are left out;
/// ids and dates are cut to what many messages share.
/// </summary>
internal static class TokenHeaders
{
    private const int MaxOctets = 65_536;
    private const int MaxTokens = 10_000;

    private static readonly HashSet<string> _ignored = new(
        Split(
            "Delivered-To Delivery-Date X-MIME-Autoconverted X-Converted-To-Plain-Text Subject Date X-List X-Unsub "
            + "X-Unsubscribe X-Mailman-Version X-BeenThere X-Loop Mail-Followup-To X-eGroups-Return X-eGroups-From "
            + "X-MDMailing-List X-XEmacs-List X-Sympa-To X-MailScanner X-MailScanner-SpamCheck X-Spam X-Spam-Status "
            + "X-Spam-Level X-Spam-Flag X-Spam-Report X-Spam-Hits X-Spam-Score X-Spam-Checker-Version X-Antispam "
            + "X-RBL-Warning X-MDaemon-Deliver-To X-Virus-Scanned X-Mass-Check-Id X-Pyzor X-Filtered-By X-Scanned-By "
            + "X-Scanner X-AP-Spam-Score X-AP-Spam-Status X-RIPE-Spam-Status X-SMTPD SPAM X-Perlmx-Spam X-Bogosity "
            + "Content-Class Thread-Index Thread-Topic X-OriginalArrivalTime X-Flags X-Keywords Replied Forwarded Lines "
            + "Content-Length X-UID X-UIDL X-IMAPbase X-VM-Bookmark X-VM-POP-Retrieved X-VM-IMAP-Retrieved X-VM-Labels "
            + "X-VM-Last-Modified X-VM-Summary-Format X-VM-VHeader X-VM-Message-Order X-Gnus-Mail-Source Xref")
        .Concat(
            Split(
                "Sender Envelope-To Mailing-List List-Archive List-Help List-Id List-Owner List-Post List-Subscribe "
                + "List-Unsubscribe List-Host List-Manager List-Admin List-Comment List-Name List-Url Resent-From Resent-To "
                + "Resent-Date Original-From Original-To Original-Date Spam-Apparently-To Status")
            .SelectMany(name => new[] { name, "X-" + name })),
        StringComparer.OrdinalIgnoreCase);

    private static readonly PerlRegex _ignoredForm = new(
        "^X-(?:DCC-\\S{2,25}-Metrics|SpamCop-[^:]+|Bugzilla-[^:]+|VM-v\\d-Data|Backstop.*)\\z", RegexOptions.IgnoreCase);

    // Of these only the presence counts, and the word that says so is too short for a token.
    private static readonly HashSet<string> _present = new(
        Split(
            "X-Face X-GnuPG-Fingerprint X-Gnu-PG-Fingerprint X-PGP-Fingerprint X-GPG-Fingerprint X-GnuPG-Key-Fingerprint "
            + "X-Gnu-PG-Key-Fingerprint X-PGP-Key-Fingerprint X-GPG-Key-Fingerprint DKIM-Signature DomainKey-Signature "
            + "X-Google-DKIM-Signature ARC-Message-Signature ARC-Seal Autocrypt"),
        StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> _addresses = new(
        Split("Return-Path From To Cc Reply-To Errors-To Mail-Followup-To Sender")
            .SelectMany(name => new[] { name, "X-" + name, "Resent-" + name }),
        StringComparer.OrdinalIgnoreCase);

    private static readonly Dictionary<string, string> _short = new(StringComparer.Ordinal)
    {
        ["Message-Id"] = "*m",
        ["Message-ID"] = "*M",
        ["Received"] = "*r",
        ["User-Agent"] = "*u",
        ["References"] = "*f",
        ["In-Reply-To"] = "*i",
        ["From"] = "*F",
        ["Reply-To"] = "*R",
        ["Return-Path"] = "*p",
        ["Return-path"] = "*rp",
        ["X-Mailer"] = "*x",
        ["X-Authentication-Warning"] = "*a",
        ["Organization"] = "*o",
        ["Organisation"] = "*o",
        ["Content-Type"] = "*ct",
        ["Content-Disposition"] = "*cd",
        ["Content-Transfer-Encoding"] = "*ce",
        ["x-spam-relays-trusted"] = "*RT",
        ["x-spam-relays-untrusted"] = "*RU",
    };

    public static void Add(MessageScan scan, TokenSet tokens)
    {
        var text = new TokenText(tokens);
        var most = tokens.Added + MaxTokens;
        var received = new List<(string Name, string Value)>();
        foreach (var (name, value) in Fields(scan.Message))
        {
            if (name.Equals("received", StringComparison.OrdinalIgnoreCase))
            {
                received.Add((name, value));
            }
            else if (tokens.Added < most && !_ignored.Contains(name) && !_ignoredForm.IsMatch(name))
            {
                AddField(name, value, scan, text);
            }
        }

        AddRelays("x-spam-relays-external", scan.Relays.External, scan, text);
        AddRelays("x-spam-relays-internal", scan.Relays.Internal, scan, text);
        AddRelays("x-spam-relays-trusted", scan.Relays.Trusted, scan, text);
        AddRelays("x-spam-relays-untrusted", scan.Relays.Untrusted, scan, text);
        foreach (var (name, value) in received.TakeLast(2))
        {
            AddField(name, value, scan, text);
        }
    }

    /// <summary>The fields in their order, decoded, as far as the first 64 KiB of them go.</summary>
    private static IEnumerable<(string Name, string Value)> Fields(SpamMessage message)
    {
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var octets = 0;
        foreach (var name in message.HeaderOrder)
        {
            var index = seen.GetValueOrDefault(name);
            seen[name] = index + 1;
            if (message.Headers(name) is var values && index < values.Count)
            {
                octets += name.Length + values[index].Length + 3;
                if (octets > MaxOctets)
                {
                    yield break;
                }

                yield return (name, values[index]);
            }
        }
    }

    private static void AddRelays(string name, List<Relay> relays, MessageScan scan, TokenText text)
    {
        if (!scan.Settings.BayesIgnoreHeaders.Contains(name))
        {
            Add(TokenFields.Relays(RelayTrail.Format(relays)), _short.GetValueOrDefault(name, name), text);
        }
    }

    private static void AddField(string name, string value, MessageScan scan, TokenText text)
    {
        if (scan.Settings.BayesIgnoreHeaders.Contains(name) || _present.Contains(name))
        {
            return;
        }

        var chewed = name switch
        {
            _ when IsMessageId(name) => TokenFields.MessageId(value),
            _ when _addresses.Contains(name) => TokenFields.Addresses(value),
            "Received" => TokenFields.Received(value),
            "Content-Type" => TokenFields.ContentType(value),
            "MIME-Version" => TokenFields.WithoutFirst(value, "1.0"),
            _ => value,
        };
        if (Group(name) is { } group)
        {
            Add(chewed, group, text);
        }

        Add(chewed, _short.GetValueOrDefault(name, name), text);
    }

    private static void Add(string value, string name, TokenText text)
    {
        Span<byte> prefix = stackalloc byte[Math.Min(name.Length, 256) + 2];
        prefix[0] = (byte)'H';
        for (var i = 1; i < prefix.Length - 1; i++)
        {
            prefix[i] = (byte)name[i - 1];
        }

        prefix[^1] = (byte)':';
        text.AddHeader(value, prefix);
    }

    private static bool IsMessageId(string name) =>
        name.EndsWith("message-id", StringComparison.OrdinalIgnoreCase)
        && (name.Length == "message-id".Length || name.Equals("x-message-id", StringComparison.OrdinalIgnoreCase)
            || name.Equals("resent-message-id", StringComparison.OrdinalIgnoreCase));

    /// <summary>Fields that say the same count together too, whichever of them it is.</summary>
    private static string? Group(string name)
    {
        bool Is(string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
        return Is("In-Reply-To") || Is("References") || Is("Message-ID") ? "*MI"
            : Is("From") || Is("To") || Is("Cc") ? "*Ad"
            : Is("X-Mailer") || Is("User-Agent") ? "*UA"
            : null;
    }

    private static string[] Split(string names) => names.Split(' ');
}
