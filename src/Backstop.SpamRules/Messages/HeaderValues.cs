using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;
using Backstop.SpamRules.Text;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Messages;

/// <summary>
/// What rules name as headers: fields with modifiers (<c>From:addr</c>), and names that are not fields, such as <c>ALL</c>,
/// <c>MESSAGEID</c>, <c>EnvelopeFrom</c> and <c>X-Spam-Relays-External</c> (PerMsgStatus.pm, get).
/// </summary>
internal sealed class HeaderValues(SpamMessage message, RelayTrail relays, RegistryBoundaries boundaries, string? envelopeSenderHeader)
{
    private static readonly PerlRegex _hostAfterAt = new(".*@(\\S+)");
    private static readonly PerlRegex _space = new("\\s+");
    private static readonly PerlRegex _single = new("^'(.*?)'$");

    private static readonly string[] _messageIds = ["X-Message-Id", "Resent-Message-Id", "X-Original-Message-ID", "Message-Id"];
    private static readonly string[] _senderFields = ["Envelope-Sender", "Return-Path"];

    private readonly Dictionary<string, List<string>> _cache = new(StringComparer.Ordinal);
    private string? _envelopeFrom;
    private bool _envelopeKnown;

    /// <summary>All values; empty when absent.</summary>
    public List<string> All(string request)
    {
        if (!_cache.TryGetValue(request, out var values))
        {
            _cache[request] = values = Find(request);
        }

        return values;
    }

    /// <summary>One text: the first address, name or host; all fields of a name after another. Empty when absent.</summary>
    public string One(string request)
    {
        var values = All(request);
        if (values.Count == 0)
        {
            return "";
        }

        var isSingle = request == "EnvelopeFrom" || HeaderRequest.Parse(request).IsDerived;
        return isSingle ? (values[0].EndsWith('\n') ? values[0][..^1] : values[0]) : values.Count == 1 ? values[0] : string.Concat(values);
    }

    public bool Has(string request) => All(request).Count > 0;

    /// <summary>The text a header rule is matched against; null when the header is absent.</summary>
    public string? ForRule(string request)
    {
        var values = All(request);
        return values.Count switch
        {
            0 => null,
            1 => values[0],
            _ => string.Join(values[0].EndsWith('\n') ? "" : "\n", values),
        };
    }

    /// <summary>The reverse-path, if a field of the message states it; null if none does.</summary>
    public string? EnvelopeFrom()
    {
        if (!_envelopeKnown)
        {
            _envelopeKnown = true;
            _envelopeFrom = FindEnvelopeFrom();
        }

        return _envelopeFrom;
    }

    private List<string> Find(string request)
    {
        var parsed = HeaderRequest.Parse(request);
        var values = Source(parsed);
        if (values.Count == 0)
        {
            return values;
        }

        values = parsed.First ? [values[0]] : parsed.Last ? [values[^1]] : values;
        if (parsed.Address || parsed.Name)
        {
            values = values.SelectMany(HeaderAddresses.Parse).Select(a => parsed.Address ? a.Address : PhraseOf(a, parsed.Raw))
                .OfType<string>().ToList();
        }

        return parsed.Host ? values.Select(v => HostOf(v, parsed)).OfType<string>().ToList()
            : parsed.Ip ? values.Select(IpPatterns.FindAlone).OfType<string>().Select(ip => parsed.ReversedIp ? Reversed(ip) : ip).ToList()
            : values;
    }

    private List<string> Source(HeaderRequest request)
    {
        var raw = request.Raw;
        switch (request.Header)
        {
            case "ALL":
                return raw ? RawFields().ToList() : [message.AllHeaders()];
            case "ALL-TRUSTED":
                return Range(null, relays.LastTrustedField + 1, raw);
            case "ALL-INTERNAL":
                return Range(null, relays.LastInternalField + 1, raw);
            case "ALL-UNTRUSTED":
                return Range(relays.LastTrustedField + 1, null, raw);
            case "ALL-EXTERNAL":
                return Range(relays.LastInternalField + 1, null, raw);
            case "MESSAGEID":
                return [.. _messageIds.SelectMany(n => Fields(n, raw)).Where(v => v.Length > 0)];
        }

        return request.Header.ToLowerInvariant() switch
        {
            "envelopefrom" => EnvelopeFrom() is { } from ? [from] : [],
            "x-spam-relays-trusted" => [RelayTrail.Format(relays.Trusted)],
            "x-spam-relays-untrusted" => [RelayTrail.Format(relays.Untrusted)],
            "x-spam-relays-internal" => [RelayTrail.Format(relays.Internal)],
            "x-spam-relays-external" => [RelayTrail.Format(relays.External)],
            "tocc" => [.. Fields("To", raw), .. Fields("Cc", raw)],
            _ when raw || request.Address || request.Name => [.. message.RawHeaders(request.Header)],
            _ => Fields(request.Header, raw: false),
        };
    }

    private List<string> Fields(string name, bool raw) => raw
        ? [.. message.RawHeaders(name).Select(UnfoldRaw)]
        : [.. message.Headers(name).Select(v => v + "\n")];

    /// <summary>The fields from one Received line to another: those a server of ours added, or those it got.</summary>
    private List<string> Range(int? start, int? end, bool raw)
    {
        if (end < 0)
        {
            return [];
        }

        var fields = raw ? RawFields() : MessageParser.SplitLines(message.AllHeaders());
        var kept = new List<string>();
        var received = -1;
        foreach (var field in fields)
        {
            received += field.StartsWith("Received:", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
            if ((start is null || start <= received) && (end is null || received < end))
            {
                kept.Add(field);
            }
            else if (end == received)
            {
                kept.Add(field);
                break;
            }
        }

        return kept.Count == 0 ? [] : [string.Concat(kept)];
    }

    private string? FindEnvelopeFrom()
    {
        if (envelopeSenderHeader is not null)
        {
            return All(envelopeSenderHeader + ":first:addr")
                .FirstOrDefault(v => v.Length == 0 || v.IndexOf('@', StringComparison.Ordinal) > 0);
        }

        var relay = relays.Untrusted.Count > 0 ? relays.Untrusted[0] : relays.Trusted.Count > 0 ? relays.Trusted[^1] : null;
        if (relay?.EnvelopeFrom is { } sender && (sender.Length == 0 || sender.IndexOf('@', StringComparison.Ordinal) > 0))
        {
            return sender;
        }

        if (All("X-Sender:first:addr").Any(v => v.Contains('@'))
            && message.Headers("received").Any(v => v.Contains("(fetchmail", StringComparison.Ordinal)))
        {
            return null;
        }

        if (All("X-Envelope-From:first:addr") is { Count: > 0 } exim)
        {
            return IsBelowReceived("X-Envelope-From:") ? null : exim[0];
        }

        foreach (var name in _senderFields)
        {
            if (All(name + ":first:addr") is { Count: > 0 } values && !IsBelowReceived(name + ":"))
            {
                return values[0];
            }
        }

        return null;
    }

    /// <summary>Whether a field stands below a Received field, so that the last server did not write it.</summary>
    private bool IsBelowReceived(string name)
    {
        var seen = false;
        foreach (var line in MessageParser.SplitLines(message.AllHeaders()))
        {
            seen |= line.StartsWith("Received:", StringComparison.OrdinalIgnoreCase);
            if (seen && line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private string? HostOf(string value, HeaderRequest request)
    {
        string? host = null;
        if (request.Address)
        {
            host = _hostAfterAt.Match(value) is { Success: true } match ? match.Groups[1].Value : null;
        }
        else
        {
            var at = value.LastIndexOf('@');
            host = (at >= 0 ? FirstHost(value[(at + 1)..]) : null) ?? FirstHost(value);
        }

        return host is null ? null : request.Domain ? boundaries.TrimDomain(host) : host;
    }

    /// <summary>
    /// The form in which lists in DNS are asked: octets, or hexadecimal digits, from the last to the first (RFC 5782 §2.1, §2.4).
    /// </summary>
    private static string Reversed(string ip)
    {
        if (!ip.Contains(':', StringComparison.Ordinal))
        {
            return string.Join('.', ip.Split('.').Reverse());
        }

        return System.Net.IPAddress.TryParse(ip, out var address)
            ? string.Join('.', Convert.ToHexStringLower(address.GetAddressBytes()).Reverse())
            : ip;
    }

    private IEnumerable<string> RawFields() =>
        MessageParser.SplitFields(message.PristineHeaders).Where(f => f[0] is not (' ' or '\t') && f.EndsWith('\n') && f != "\n");

    private string? FirstHost(string text) => HostFinder.Find(text)
        .FirstOrDefault(h => boundaries.IsValid(h) && RegistryBoundaries.IsFullyQualified(RegistryBoundaries.ToAscii(h)));

    private static string? PhraseOf(HeaderAddress address, bool raw)
    {
        if (address.Phrase is null || raw)
        {
            return address.Phrase;
        }

        var decoded = HeaderDecoding.Decode(address.Phrase, "phrase");
        return PerlSpace.IsBlank(decoded) ? decoded : _single.Replace(_space.Replace(decoded, " ").Trim(' '), "$1");
    }

    private static readonly PerlRegex _rawFold = new("(?:|\\r)\\n\\s+");

    private static string UnfoldRaw(string value) => _rawFold.Replace(value, " ");
}
