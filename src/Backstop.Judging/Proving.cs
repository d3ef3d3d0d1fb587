using System.Text;
using Backstop.Backscatter;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Configuration.Options;

namespace Backstop.Judging;

/// <summary>All proofs of origin, made from the configuration. The server and the command line use the same.</summary>
/// <param name="Batv">Checks envelope tags.</param>
/// <param name="Srs">Checks the addresses of our forwarders.</param>
/// <param name="SignedIds">Checks signed Message-IDs.</param>
/// <param name="Judge">Decides with all of them.</param>
internal sealed record Proving(Batv Batv, Srs Srs, SignedMessageId SignedIds, Judge Judge)
{
    /// <summary>Decides without the journal, for the time that it cannot be read.</summary>
    public required Judge WithoutJournal { get; init; }

    /// <summary>Reads keys and secrets, and connects the journal.</summary>
    /// <param name="options">A checked configuration.</param>
    /// <param name="journal">The journal of sent mail.</param>
    /// <exception cref="InvalidDataException">A key file is invalid; the message says where.</exception>
    public static Proving Create(BackstopOptions options, ISentJournal journal) =>
        Create(options, journal, BatvKeyFile.Read(DataPaths.BatvKeys(options)));

    /// <summary>Does the same with given tag keys.</summary>
    /// <param name="options">A checked configuration.</param>
    /// <param name="journal">The journal of sent mail.</param>
    /// <param name="keys">The keys of tags and signed ids.</param>
    public static Proving Create(BackstopOptions options, ISentJournal journal, IReadOnlyList<BatvKey> keys)
    {
        var days = (int)options.Backscatter.ProofWindow.TotalDays;
        var signedIds = new SignedMessageId(keys, days);
        var hosts = options.Backscatter.OwnHosts.Count > 0 ? options.Backscatter.OwnHosts : [options.Hostname];
        var (dkim, fields) = (
            new OwnDkim(DkimKeys(options), options.Backscatter.ProofWindow), OwnFields.Parse(options.Backscatter.OwnFields));
        return new(
            new(
                keys, options.Batv.LifetimeDays, options.Batv.Form), new(SrsSecrets(options)), signedIds, JudgeWith(journal))
        { WithoutJournal = JudgeWith(new FailedJournal()) };

        Judge JudgeWith(ISentJournal asked) =>
            new(new(asked, signedIds, dkim, new(hosts), fields), asked, options.Backscatter.Unproved, Cover(options.Backscatter));
    }

    /// <summary>Makes the rule that decides when an address is covered.</summary>
    /// <param name="options">The configuration's section.</param>
    public static CoverRule Cover(BackscatterOptions options) => new(options.CoverAge, options.CoverMessages, options.CoverPercent / 100.0);

    private sealed class FailedJournal : ISentJournal
    {
        public Reason? Loss => Reasons.JournalFailed;

        public bool HasMessageId(string messageId) => false;

        public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) => false;

        public Coverage Coverage(string ours) => default;
    }

    private static List<DkimKey> DkimKeys(BackstopOptions options) =>
        [.. options.Dkim.Where(k => k.Value.File.Length > 0).Select(k =>
        {
            try
            {
                return DkimKey.Parse(k.Key, File.ReadAllText(k.Value.File));
            }
            catch (FormatException error)
            {
                throw new InvalidDataException($"{k.Value.File}:1:1: {error.Message}", error);
            }
        })];

    // postsrsd ignores empty lines and white space around a secret.
    private static List<ReadOnlyMemory<byte>> SrsSecrets(BackstopOptions options) =>
        options.Srs.Secrets.Length == 0
            ? []
            : [
            .. File.ReadLines(options.Srs.Secrets).Select(l => l.Trim()).Where(l => l.Length > 0).Select(l =>
                (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(l))];
}
