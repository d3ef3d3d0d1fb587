using Backstop.Backscatter.Proofs;
using Backstop.Clean.Imap;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Clean.Running;

/// <summary>Makes the judge of a mailbox from what its owner has sent: the same as the server's.</summary>
public sealed class CleanEngine
{
    private readonly BackstopOptions _server;
    private readonly bool _hasConfig;
    private readonly SentJournal? _journal;
    private readonly ImapAccess _access;
    private readonly TimeProvider _time;

    /// <summary>A judge without a server's configuration: no keys and no secrets, so mail is proved by what was sent alone.</summary>
    /// <param name="journal">A journal of sent mail, asked beside the Sent folders; null for none. It stays the caller's to dispose
    /// of.</param>
    /// <param name="access">How an IMAP server with a Sent folder is reached.</param>
    /// <param name="time">The clock.</param>
    public CleanEngine(SentJournal? journal, ImapAccess access, TimeProvider time)
        : this(new BackstopOptions(), hasConfig: false, journal, access, time)
    {
    }

    /// <summary>A judge with the server's own proofs.</summary>
    /// <param name="server">The server's configuration, or its defaults.</param>
    /// <param name="hasConfig">Whether there is one: keys, secrets and host names are its.</param>
    /// <param name="journal">The server's journal, or null.</param>
    /// <param name="access">How a server with a Sent folder is reached.</param>
    /// <param name="time">The clock.</param>
    internal CleanEngine(BackstopOptions server, bool hasConfig, SentJournal? journal, ImapAccess access, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(access);
        ArgumentNullException.ThrowIfNull(time);
        _server = server;
        _hasConfig = hasConfig;
        _journal = journal;
        _access = access;
        _time = time;
    }

    /// <summary>Reads what was sent and makes the judge.</summary>
    internal async Task<(CleanJudge Judge, SentMail Sent)> JudgeAsync(
        IMailSource source, CleanOptions options, Meter meter, CancellationToken ct)
    {
        var sent = new SentMail(_journal is null ? null : new JournalProof(_journal), _journal?.CountMessages() ?? 0);
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
        var proving = _hasConfig ? Proving.Create(_server, known) : Proving.Create(_server, known, []);
        return (new(new StoredJudge(_server, proving, asksWhoTo: _hasConfig), sent, _hasConfig, needsSent: !options.IsWithoutSent), sent);
    }

    private async Task ReadServerAsync(ImapAddress address, SentMail sent, CancellationToken ct)
    {
        using var folder = await ImapSent.OpenAsync(address, _access, _time, ct);
        await foreach (var (headers, _) in folder.ReadAsync(null, ct))
        {
            foreach (var header in headers)
            {
                sent.Add(SentHeader.Read(header));
            }
        }
    }
}
