using Backstop.Backscatter;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.State;

namespace Backstop.Clean;

/// <summary>Makes the judge: the server's, over what was sent.</summary>
/// <param name="server">The server's configuration, or its defaults.</param>
/// <param name="hasConfig">Whether there is one: keys, secrets and host names are its.</param>
/// <param name="journal">The server's journal, or null.</param>
internal sealed class CleanEngine(BackstopOptions server, bool hasConfig, SentJournal? journal)
{
    /// <summary>Reads what was sent and makes the judge.</summary>
    public async Task<(CleanJudge Judge, SentMail Sent)> JudgeAsync(IMailSource source, CleanOptions options, Meter meter, CancellationToken ct)
    {
        var sent = new SentMail(journal is null ? null : new JournalProof(journal), journal?.CountMessages() ?? 0);
        var folders = options.Sent.Count > 0 || options.IsWithoutSent ? options.Sent : await source.FindSentAsync(ct);
        foreach (var folder in folders)
        {
            meter.Begin("reading what was sent", 0);
            await SentFolders.ReadAsync(folder, options.Ca, sent, ct);
        }

        ISentJournal known = sent;
        var proving = hasConfig ? Proving.Create(server, known) : Proving.Create(server, known, []);
        return (new(new StoredJudge(server, proving, asksWhoTo: hasConfig), sent, hasConfig, needsSent: !options.IsWithoutSent), sent);
    }
}
