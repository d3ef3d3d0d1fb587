using Backstop.Mail;
using Backstop.SpamRules.Attachments;
using Backstop.SpamRules.Html;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Messages;

/// <summary>One message on its way through the rules: everything they ask of it, found when first asked for.</summary>
internal sealed class MessageScan
{
    private static readonly PerlRegex _signer = new("\\bd\\s*=\\s*([^;]+)");
    private static readonly PerlRegex _space = new("\\s+");

    /// <summary>Attachments may take this part of a message's budget: the rules of its text are to have the most of it.</summary>
    private const int AttachmentShare = 4;

    private readonly BudgetShare _attachments = new(AttachmentShare);
    private readonly UriCanonical _canonical;
    private readonly Lazy<List<string>> _body;
    private readonly Lazy<List<string>> _rawBody;
    private readonly Lazy<UriDetails> _uris;
    private readonly Lazy<PdfFacts> _pdf;
    private readonly Lazy<OfficeFacts> _office;
    private readonly Dictionary<string, object> _memo = new(StringComparer.Ordinal);

    public MessageScan(
        SpamMessage message, SpamSettings settings, UriCanonical canonical, DateTimeOffset now, IReadOnlyDictionary<string,
        bool> external)
    {
        (Message, Settings, Now, External) = (message, settings, now, external);
        _canonical = canonical;
        message.RemoveHeaders("x-spam-");
        Relays = RelayTrail.Read(message, settings.Networks);
        Headers = new HeaderValues(message, Relays, settings.Boundaries, settings.EnvelopeSenderHeader);
        _body = new Lazy<List<string>>(() => BodyText.Rendered(message, settings.BodyPartScanSize, part => part.Text));
        _rawBody = new Lazy<List<string>>(() => BodyText.Decoded(message, settings.RawBodyPartScanSize));
        Html = [.. message.Leaves().Select(leaf => leaf.Rendered().Html).OfType<HtmlResults>()];
        _uris = new Lazy<UriDetails>(FindUris);
        _pdf = new Lazy<PdfFacts>(() => PdfFacts.Of(message, _attachments));
        _office = new Lazy<OfficeFacts>(() => OfficeFacts.Of(message, settings.Plugins.Office, _attachments));
    }

    public SpamMessage Message { get; }

    public SpamSettings Settings { get; }

    public DateTimeOffset Now { get; }

    /// <summary>Results for rules that ask the network, by the name of the rule or function.</summary>
    public IReadOnlyDictionary<string, bool> External { get; }

    /// <summary>The learner's probability, from 0 (ham) to 1 (spam); null if it gives none.</summary>
    public double? BayesProbability { get; set; }

    /// <summary>The steps that patterns may still take on this message.</summary>
    public MatchSteps Steps { get; } = new();

    public RelayTrail Relays { get; }

    public HeaderValues Headers { get; }

    public List<string> Body => _body.Value;

    public List<string> RawBody => _rawBody.Value;

    public IReadOnlyList<HtmlResults> Html { get; }

    /// <summary>Whether HTML hides a text from the eye.</summary>
    public bool HidesText =>
        Html.Count > 0 && Message.Leaves().Any(leaf => !ReferenceEquals(leaf.Rendered().Text, leaf.Rendered().Visible));

    public UriDetails Uris => _uris.Value;

    public PdfFacts Pdf => _pdf.Value;

    public OfficeFacts Office => _office.Value;

    /// <summary>Returns what several rules need; it is worked out when first asked for.</summary>
    public T Remember<T>(string name, Func<T> find)
        where T : notnull
    {
        if (!_memo.TryGetValue(name, out var value))
        {
            _memo[name] = value = find();
        }

        return (T)value;
    }

    private UriDetails FindUris()
    {
        var uris = new UriDetails(Settings.Boundaries, _canonical);
        uris.AddText(Body);
        foreach (var html in Html)
        {
            uris.AddHtml(html);
        }

        foreach (var signature in Settings.ParseDkimUris ? Headers.All("DomainKey-Signature").Concat(Headers.All("DKIM-Signature")) : [])
        {
            foreach (var match in _signer.Matches(signature))
            {
                uris.AddSigner(_space.Replace(match.Groups[1].Value, ""));
            }
        }

        var loaded = Settings.Plugins.Loaded;
        foreach (var found in loaded.HasShort("PDFInfo") ? Pdf.Uris : [])
        {
            uris.AddFound(found);
        }

        foreach (var found in loaded.HasShort("OLEVBMacro") ? Office.Links : [])
        {
            uris.AddFound(found);
        }

        return uris;
    }
}
