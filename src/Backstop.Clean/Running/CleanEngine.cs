using Backstop.Backscatter.Proofs;
using Backstop.Clean.Imap;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Clean.Running;

/// <summary>Makes the judge: the server's, over what was sent.</summary>
/// <param name="server">The server's configuration, or its defaults.</param>
/// <param name="hasConfig">Whether there is one: keys, secrets and host names are its.</param>
/// <param name="journal">The server's journal, or null.</param>
/// <param name="access">How a server with a Sent folder is reached.</param>
/// <param name="time">The clock.</param>
internal sealed class CleanEngine(BackstopOptions server, bool hasConfig, SentJournal? journal, ImapAccess access, TimeProvider time)
{
    /// <summary>Reads what was sent and makes the judge.</summary>
    public async Task<(CleanJudge Judge, SentMail Sent)> JudgeAsync(IMailSource source, CleanOptions options, Meter meter, CancellationToken ct)
    {
        var sent = new SentMail(journal is null ? null : new JournalProof(journal), journal?.CountMessages() ?? 0);
        var folders = options.Sent.Count > 0 || options.IsWithoutSent ? options.Sent : await source.FindSentAsync(ct);
        foreach (var folder in folders)
        {
            meter.Begin("reading what was sent", 0);
            if (ImapAddress.Is(folder))
            {
                await ReadServerAsync(ImapAddress.Parse(folder), sent, ct);
            }
            else
            {
                SentFolders.Read(folder, sent, ct);
            }
        }

        ISentJournal known = sent;
        var proving = hasConfig ? Proving.Create(server, known) : Proving.Create(server, known, []);
        return (new(new StoredJudge(server, proving, asksWhoTo: hasConfig), sent, hasConfig, needsSent: !options.IsWithoutSent), sent);
    }

    private async Task ReadServerAsync(ImapAddress address, SentMail sent, CancellationToken ct)
    {
        using var folder = await ImapSent.OpenAsync(address, access, time, ct);
        await foreach (var (headers, _) in folder.ReadAsync(null, ct))
        {
            foreach (var header in headers)
            {
                sent.Add(SentHeader.Read(header));
            }
        }
    }
}
