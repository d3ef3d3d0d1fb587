using Backstop.Backscatter.Proofs;
using Backstop.Clean.Imap;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Clean.Running;

/// <summary>Makes the judge for a mailbox from its owner's sent mail. It decides as the server's judge does.</summary>
public sealed class CleanEngine
{
    private readonly BackstopOptions _server;
    private readonly bool _hasConfig;
    private readonly SentJournal? _journal;
    private readonly ImapAccess _access;
    private readonly TimeProvider _time;

    /// <summary>
    /// Makes a judge without a server's configuration. It has no keys and no secrets, so only the sent mail proves a
    /// message.
    /// </summary>
    /// <param name="journal">A journal of sent mail, used in addition to the Sent folders; null for none. The caller
    /// disposes of it.</param>
    /// <param name="access">What is needed to reach an IMAP server with a Sent folder.</param>
    /// <param name="time">The clock.</param>
    public CleanEngine(SentJournal? journal, ImapAccess access, TimeProvider time)
        : this(new BackstopOptions(), hasConfig: false, journal, access, time)
    {
    }

    /// <summary>Makes a judge that uses the server's proofs.</summary>
    /// <param name="server">The server's configuration, or the defaults.</param>
    /// <param name="hasConfig">Whether a configuration was given, so that its keys, secrets and host names
    /// count.</param>
    /// <param name="journal">The server's journal; null for none.</param>
    /// <param name="access">What is needed to reach an IMAP server with a Sent folder.</param>
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

    /// <summary>Reads the sent mail and makes the judge.</summary>
    internal async Task<(CleanJudge Judge, SentMail Sent)> JudgeAsync(
        IMailSource source, CleanOptions options, Meter meter, CancellationToken ct)
    {
        var sent = new SentMail(_journal is null ? null : new JournalProof(_journal), _journal?.CountMessages() ?? 0);
        var folders = options.Sent.Count > 0 || options.IsWithoutSent ? options.Sent : await source.FindSentAsync(ct);
        foreach (var folder in folders)
        {
            meter.Begin("reading sent mail", 0);
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
