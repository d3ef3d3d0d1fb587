using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Uris;

namespace Backstop.SpamRules.Messages;

/// <summary>Opens messages as the settings of a rule set say. Holds no state of a message: one reader serves all threads.</summary>
internal sealed class MessageReader
{
    private static readonly Dictionary<string, bool> _nothing = new(StringComparer.Ordinal);

    private readonly SpamSettings _settings;
    private readonly UriCanonical _canonical;

    /// <summary>Makes a reader and compiles the patterns of redirectors.</summary>
    /// <param name="settings">Networks, top-level domains, sizes, redirectors.</param>
    public MessageReader(SpamSettings settings)
    {
        _settings = settings;
        var faults = new List<RuleDiagnostic>();
        var source = new SourceLine("redirector_pattern", 0);
        _canonical = new(settings.Boundaries, new Redirectors(settings.RedirectorPatterns, m => faults.Add(new(source, m, IsError: true))));
        Diagnostics = faults;
    }

    private MessageReader(SpamSettings settings, MessageReader site) =>
        (_settings, _canonical, Diagnostics) = (settings, site._canonical, site.Diagnostics);

    /// <summary>Redirector patterns that could not be compiled and are left out.</summary>
    public IReadOnlyList<RuleDiagnostic> Diagnostics { get; }

    /// <summary>A reader by a user's settings, whose redirectors are the site's.</summary>
    public MessageReader With(SpamSettings user) => new(user, this);

    /// <summary>Opens a message.</summary>
    /// <param name="octets">The message, a character an octet.</param>
    /// <param name="now">For rules about its age; nothing else depends on it.</param>
    /// <param name="external">Results of rules that ask the network, by name; null: none.</param>
    public MessageScan Open(string octets, DateTimeOffset now = default, IReadOnlyDictionary<string, bool>? external = null) =>
        new(SpamMessage.Parse(octets), _settings, _canonical, now, external ?? _nothing);

    /// <summary>Opens a message that has been taken apart. Its X-Spam fields are removed from it.</summary>
    public MessageScan Open(SpamMessage message) => new(message, _settings, _canonical, default, _nothing);
}
