using System.Text.RegularExpressions;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Relays;

/// <summary>The relays of a message, newest first, divided where trust ends (SpamAssassin's parse_received_headers).</summary>
internal sealed class RelayTrail
{
    public List<Relay> Trusted { get; private set; } = [];

    public List<Relay> Untrusted { get; } = [];

    public List<Relay> Internal { get; private set; } = [];

    public List<Relay> External { get; private set; } = [];

    public int Unparseable { get; private set; }

    /// <summary>Index of the last Received field inside trust, -1 when none.</summary>
    public int LastTrustedField { get; private set; } = -1;

    public int LastInternalField { get; private set; } = -1;

    public static RelayTrail Read(SpamMessage message, TrustedNetworks networks)
    {
        var trail = new RelayTrail();
        var reader = new TrustWalk(networks);
        var fields = message.Headers("received").Concat(networks.OriginatingIpHeaders
            .Select(name => IpPatterns.Find(message.Header(name)).FirstOrDefault())
            .OfType<Capture>()
            .Select(ip => $"from X-Originating-IP: {ip.Value}"));
        string? scannerSender = null;
        foreach (var field in fields)
        {
            var line = ReceivedParser.Parse(field);
            trail.Add(line, reader, scannerSender);
            scannerSender = line.ScannerSender;
        }

        return trail;
    }

    public static string Format(List<Relay> relays) => string.Join(' ', relays);

    private void Add(ReceivedLine line, TrustWalk walk, string? scannerSender)
    {
        Unparseable += line.Outcome == ReceivedOutcome.Unknown ? 1 : 0;
        if (line.IsFetcher && Untrusted.Count == 0)
        {
            (Trusted, Internal, External) = ([], [], []);
        }

        if (line.Relay is not { } relay)
        {
            LastTrustedField += walk.InTrusted ? 1 : 0;
            LastInternalField += walk.InInternal ? 1 : 0;
            return;
        }

        relay.EnvelopeFrom = string.IsNullOrEmpty(scannerSender) ? relay.EnvelopeFrom : scannerSender;
        walk.Pass(relay);
        (walk.InTrusted ? Trusted : Untrusted).Add(relay);
        LastTrustedField += walk.InTrusted ? 1 : 0;
        (walk.InInternal ? Internal : External).Add(relay);
        LastInternalField += walk.InInternal ? 1 : 0;
    }

    /// <summary>Decides which relays are trusted, from our own server outwards: behind the first that is not, none is.</summary>
    private sealed class TrustWalk(TrustedNetworks networks)
    {
        private bool _foundSubmission;

        public bool InTrusted { get; private set; } = true;

        public bool InInternal { get; private set; } = true;

        public void Pass(Relay relay)
        {
            if (InTrusted && !_foundSubmission)
            {
                if (networks.IsConfigured)
                {
                    Judge(relay);
                }
                else if (!relay.IsPrivate && relay.Auth.Length == 0)
                {
                    InTrusted = InInternal = false;
                }
            }

            relay.IsInternal = InInternal;
        }

        private void Judge(Relay relay)
        {
            if (relay.Auth.Length == 0 && !networks.EffectiveTrusted.Contains(relay.Ip))
            {
                InTrusted = InInternal = false;
                return;
            }

            InInternal &= relay.Auth.Length > 0 || networks.EffectiveInternal.Contains(relay.Ip);
            if (networks.Submission.Contains(relay.Ip))
            {
                _foundSubmission = relay.IsSubmission = true;
            }
        }
    }
}

/// <summary>trusted_networks, internal_networks and msa_networks. Where only one of the first two is named it stands for both.</summary>
internal sealed class TrustedNetworks
{
    public NetworkSet Trusted { get; set; } = NetworkSet.WithLoopback();

    public NetworkSet Internal { get; set; } = NetworkSet.WithLoopback();

    public NetworkSet Submission { get; set; } = new();

    public List<string> OriginatingIpHeaders { get; private init; } = [];

    public TrustedNetworks Copy() => new()
    {
        Trusted = Trusted.Copy(),
        Internal = Internal.Copy(),
        Submission = Submission.Copy(),
        OriginatingIpHeaders = [.. OriginatingIpHeaders],
    };

    public bool IsConfigured => Trusted.IsConfigured || Internal.IsConfigured;

    public NetworkSet EffectiveTrusted => Trusted.IsConfigured ? Trusted : Internal;

    public NetworkSet EffectiveInternal => Internal.IsConfigured ? Internal : Trusted;
}
