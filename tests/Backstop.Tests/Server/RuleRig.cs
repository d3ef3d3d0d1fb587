using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Judging.Rules;
using Backstop.Judging.Storms;
using Backstop.Mail;
using Backstop.MailAuth.Dnsbl;
using Backstop.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What happened to a mail that was tried until it was taken or refused for good.</summary>
internal readonly record struct Fate(VerdictAction Action, string Folder, string Reason, int Tries);

/// <summary>
/// The rules of RCPT and of the end of data as the server joins them, without sockets and folders: thousands of attacks in seconds.
/// </summary>
internal sealed class RuleRig : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly BackstopMetrics _metrics;
    private readonly Recipients _recipients;
    private readonly RecipientRules _atRcpt;
    private readonly ContentRules _atData;
    private readonly AcceptedMail _accepted;
    private readonly Correspondents _correspondents;
    private readonly Ladder _ladder;

    public RuleRig(FakeTimeProvider time, IEnumerable<string> mailboxes, Action<BackstopOptions>? configure = null)
    {
        Time = time;
        Options = new BackstopOptions
        {
            Hostname = "mx.example.org",
            Domains = ["example.org"],
            Data = _folder["data"],
            Mailboxes = mailboxes.ToDictionary(m => m, _ => new MailboxOptions()),
            Dnsbl = new() { Zones = [] },
        };
        configure?.Invoke(Options);
        Directory.CreateDirectory(Options.Data);
        BatvKeyFile.AddNew(DataPaths.BatvKeys(Options));
        _metrics = new(_services.GetRequiredService<IMeterFactory>());
        Journal = new(DataPaths.Journal(Options), time, Options.Journal.RecipientWindow);
        _correspondents = new(DataPaths.Correspondents(Options), time);
        _recipients = new(Options);
        var proving = Proving.Create(Options, new JournalProof(Journal));
        var activity = new ActivityLog(time);
        var clients = new ClientHistory(time);
        var refusals = new Refusals(_metrics, activity, clients, time, NullLogger<Refusals>.Instance);
        Storms = new(
            Options, proving.Judge, refusals, new(Options, time, NullLogger<StoreWatch>.Instance), time, NullLogger<StormDesk>.Instance);
        var rules = new StormRules(Options, Journal, proving.SignedIds, _correspondents, Storms.Watch, Storms.Time, time);
        _ladder = new(time, NullLogger<Ladder>.Instance);
        _atRcpt = new(Options, _recipients, proving, new DnsblChecker([]), refusals, Storms, time);
        var filters = new FilterRules(
            Options, [], static _ => Task.FromResult<string?>(null), _ladder, rules, _metrics, time, NullLogger<FilterRules>.Instance);
        _atData = new(Options, proving, rules, filters, time, NullLogger<ContentRules>.Instance);
        _accepted = new(rules, new(Journal, proving.SignedIds, time), clients, activity, _metrics, time);
    }

    public FakeTimeProvider Time { get; }

    public BackstopOptions Options { get; }

    public SentJournal Journal { get; }

    public StormDesk Storms { get; }

    /// <summary>What the last message that was judged by its content looked like.</summary>
    public MassMailShape Shape { get; private set; }

    /// <summary>One try.</summary>
    /// <param name="client">The client's address.</param>
    /// <param name="from">The reverse-path; empty for null.</param>
    /// <param name="to">The recipient.</param>
    /// <param name="message">The message.</param>
    /// <param name="whenRead">Called with the message and its octets when it was read, and before it is judged.</param>
    public async Task<Fate> SendAsync(string client, string from, string to, string message, Action<MailMessage, byte[]>? whenRead = null)
    {
        var path = from.Length == 0 ? ReversePath.Null : new ReversePath(MailAddress.TryParse(from));
        var transaction = new Transaction(new() { Address = IPAddress.Parse(client) }, path, smtpUtf8: false);
        var address = MailAddress.TryParse(to)!;
        var (recipient, refusal) = await _atRcpt.JudgeAsync(
            transaction, address, _recipients.Find(address), TestContext.Current.CancellationToken);
        if (refusal is { } no)
        {
            return new(VerdictAction.Refuse, no.Reply.Code < 500 ? "later" : "", no.Reason.Word, 1);
        }

        transaction.Recipients.Add(recipient!);
        var octets = Encoding.UTF8.GetBytes(message.ReplaceLineEndings("\r\n"));
        var mail = new MailMessage(octets);
        whenRead?.Invoke(mail, octets);
        var judgement = await _atData.JudgeAsync(transaction, mail, octets.Length, waiting: 0);
        Shape = judgement.Shape;
        if (judgement.Wanted.Count == 0)
        {
            return new(VerdictAction.Refuse, "", judgement.Verdicts[0].Reason.Word, 1);
        }

        var verdict = judgement.Joint();
        _accepted.Note(transaction, judgement, verdict, "id", System.Diagnostics.Stopwatch.GetTimestamp());
        return new(verdict.Action, verdict.Folder, verdict.Reason.Word, 1);
    }

    public void Dispose()
    {
        _ladder.Dispose();
        Journal.Dispose();
        _correspondents.Dispose();
        _metrics.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }
}
