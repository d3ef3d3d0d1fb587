using System.Buffers;
using System.Security.Cryptography;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Reports;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Learning;

/// <summary>Learns from messages that people or rules have sorted, and says how likely another is spam. Safe for many threads.</summary>
public sealed class BayesLearner
{
    private const int MaxWords = 50_000;
    private const int MaxOfLinks = 10_000;

    private readonly RuleSet _rules;
    private readonly IBayesStore _store;
    private readonly MessageReader _reader;

    /// <summary>Makes a learner from a rule set. <see cref="Scanning.SpamScanner.LearnerOf"/> makes one at less cost.</summary>
    /// <param name="rules">How a message is read, how much must be learned (bayes_min_spam_num, bayes_min_ham_num).</param>
    /// <param name="store">Keeps what is learned.</param>
    public BayesLearner(RuleSet rules, IBayesStore store)
        : this(rules, store, new MessageReader((rules ?? throw new ArgumentNullException(nameof(rules))).Settings))
    {
    }

    internal BayesLearner(RuleSet rules, IBayesStore store, MessageReader reader) => (_rules, _store, _reader) = (rules, store, reader);

    /// <summary>Whether enough of both kinds was learned for a probability (200 each by default).</summary>
    public bool IsReady => HasEnough(_rules, _store.Messages);

    /// <summary>How many messages of each kind must be learned before there is a probability.</summary>
    public TokenCounts Needed => new(_rules.Settings.BayesMinSpam, _rules.Settings.BayesMinHam);

    /// <summary>How many messages of each kind the store knows.</summary>
    public TokenCounts Messages => _store.Messages;

    /// <summary>Whether that many messages are enough (bayes_min_spam_num, bayes_min_ham_num).</summary>
    /// <param name="rules">Whose settings count.</param>
    /// <param name="messages">How many were learned.</param>
    public static bool HasEnough(RuleSet rules, TokenCounts messages)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return messages.Spam >= rules.Settings.BayesMinSpam && messages.Ham >= rules.Settings.BayesMinHam;
    }

    /// <summary>How likely a message is spam, 0 to 1; null when the learner is not ready or knows none of its words.</summary>
    /// <param name="message">The octets of the message.</param>
    public double? Probability(ReadOnlySpan<byte> message) => Probability(Open(message));

    /// <summary>Learns a message as it was before a filter marked it. One learned as the other kind is forgotten first.</summary>
    /// <param name="message">Its octets.</param>
    /// <param name="isSpam">True for spam, false for wanted mail.</param>
    /// <returns>False when it was learned as that kind before; then nothing changes.</returns>
    public bool Learn(ReadOnlySpan<byte> message, bool isSpam) => Learn(Unmarked(message), isSpam);

    /// <summary>Learns or forgets many messages, on all cores; the store is changed once.</summary>
    /// <param name="messages">Their octets; they must not change meanwhile.</param>
    /// <param name="isSpam">True for spam, false for wanted mail, null to forget them.</param>
    /// <returns>How many were not known as that kind before, or, to be forgotten, were known.</returns>
    public int Change(IReadOnlyList<ReadOnlyMemory<byte>> messages, bool? isSpam) => Change(Read(messages, isSpam));

    /// <summary>Learns or forgets messages that have been read; the store is changed once.</summary>
    /// <param name="lessons">What <see cref="Read"/> gave.</param>
    /// <returns>As for the other.</returns>
    public int Change(IReadOnlyList<BayesLesson> lessons) => _store.Change(lessons);

    /// <summary>Reads messages for <see cref="Change(IReadOnlyList{BayesLesson})"/>, on all cores. The store is not asked.</summary>
    /// <param name="messages">Their octets; they must not change meanwhile.</param>
    /// <param name="isSpam">True for spam, false for wanted mail, null to forget them.</param>
    public IReadOnlyList<BayesLesson> Read(IReadOnlyList<ReadOnlyMemory<byte>> messages, bool? isSpam)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return messages.AsParallel().AsOrdered().Select(message =>
        {
            var scan = Unmarked(message.Span);
            return new BayesLesson(KeyOf(scan), isSpam, Tokens(scan));
        }).ToArray();
    }

    /// <summary>Takes back what was learned of a message.</summary>
    /// <param name="message">Its octets.</param>
    /// <returns>False when it was never learned.</returns>
    public bool Forget(ReadOnlySpan<byte> message)
    {
        var scan = Unmarked(message);
        return _store.Forget(KeyOf(scan), Tokens(scan));
    }

    internal double? Probability(MessageScan scan)
    {
        if (!IsReady)
        {
            return null;
        }

        var tokens = Tokens(scan).ToArray();
        var counts = new TokenCounts[tokens.Length];
        _store.Find(tokens, counts);
        return BayesCombiner.Probability(counts, _store.Messages);
    }

    internal bool Learn(MessageScan scan, bool isSpam) => _store.Learn(KeyOf(scan), isSpam, Tokens(scan));

    /// <summary>The numbers of a message's tokens.</summary>
    /// <param name="scan">The message.</param>
    /// <param name="seen">Gets the octets of every token; null where nobody asks.</param>
    internal static HashSet<long> Tokens(MessageScan scan, Action<ReadOnlySpan<byte>>? seen = null)
    {
        var tokens = new TokenSet(seen);
        var text = new TokenText(tokens);
        var most = MaxWords;
        foreach (var line in VisibleLines(scan).TakeWhile(_ => tokens.Added < most))
        {
            text.AddBody(line, []);
        }

        most = tokens.Added + MaxOfLinks;
        foreach (var uri in scan.Uris.Cleaned().TakeWhile(_ => tokens.Added < most))
        {
            text.AddUri(uri);
        }

        most = tokens.Added + MaxWords;
        foreach (var line in HiddenLines(scan).TakeWhile(_ => tokens.Added < most))
        {
            text.AddBody(line, "I*:"u8);
        }

        TokenHeaders.Add(scan, tokens);
        return tokens.Numbers;
    }

    internal MessageScan Open(ReadOnlySpan<byte> message) => _reader.Open(Octets.FromBytes(message));

    internal MessageScan Unmarked(ReadOnlySpan<byte> message)
    {
        var marked = SpamMessage.Parse(Octets.FromBytes(message));
        return SpamMarkup.Remove(marked) is { } bare ? _reader.Open(bare) : _reader.Open(marked);
    }

    // Rules see all of the text. Where nothing is hidden it is what a reader sees, and need not be put together again.
    private static List<string> VisibleLines(MessageScan scan) => scan.HidesText
        ? BodyText.Rendered(scan.Message, scan.Settings.BodyPartScanSize, part => part.Visible)
        : scan.Body;

    private static List<string> HiddenLines(MessageScan scan) => scan.HidesText
        ? BodyText.Rendered(scan.Message, scan.Settings.BodyPartScanSize, part => part.Invisible, withSubject: false)
        : [];

    /// <summary>The key by which a message is recognised: a hash of what no server changes (id, date and body).</summary>
    private static string KeyOf(MessageScan scan)
    {
        var message = scan.Message;
        var body = message.PristineBody;
        var (id, date) = (message.Header("message-id"), message.Header("date"));
        var octets = ArrayPool<byte>.Shared.Rent(id.Length + date.Length + body.Length + 2);
        var length = 0;
        foreach (var text in new[] { id, "\0", date, "\0" })
        {
            length += Octets.Copy(text, octets.AsSpan(length));
        }

        // Line ends count as LF: a copy made by another program may have others.
        for (var rest = body.AsSpan(); rest.Length > 0;)
        {
            var end = rest.IndexOf("\r\n") is var found and >= 0 ? found : rest.Length;
            length += Octets.Copy(rest[..end], octets.AsSpan(length));
            rest = end < rest.Length ? rest[(end + 1)..] : [];
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(octets.AsSpan(0, length), hash);
        ArrayPool<byte>.Shared.Return(octets);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
