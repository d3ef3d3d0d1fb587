using System.IO.Enumeration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Filters;

/// <summary>
/// Chooses by whose preferences and with whose learner a message is scored. Who is not known, or has none, gets the site's.
/// </summary>
internal sealed partial class SpamUsers : IDisposable
{
    private readonly BackstopOptions _options;
    private readonly ILogger _log;
    private readonly Seldom _refused;
    private readonly Seldom _failed;
    private readonly bool _mayThrow;
    private readonly IReadOnlyList<string> _allowed;
    private readonly HashSet<string> _mailboxes;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="options">Where preferences and learners are, and who may have them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of what cannot be read.</param>
    /// <param name="mayThrow">As for <see cref="UserLearners"/>.</param>
    public SpamUsers(BackstopOptions options, TimeProvider time, ILogger log, bool mayThrow = false)
    {
        (_options, _log, _refused, _failed, _mayThrow) = (options, log, new(time), new(time), mayThrow);
        _allowed = options.Spam.Users;
        _mailboxes = new(options.Mailboxes.Keys, StringComparer.OrdinalIgnoreCase);
        Prefs = new(options, time, log);
        Learners = new(options, time, log, mayThrow);
    }

    public UserPrefs Prefs { get; }

    public UserLearners Learners { get; }

    // Without these settings names mean nothing, and nothing is said about them.
    private bool AreServed => _options.Spam.UserPrefs.Length > 0 || _options.Spam.BayesStore != LearnerScope.Site;

    /// <summary>The user whose mail a mailbox's is: where preferences are in homes, the local part names the account.</summary>
    /// <param name="mailbox">The address of the mailbox.</param>
    public string OfMailbox(string mailbox) =>
        UserPrefsPath.IsInHomes(_options.Spam.UserPrefs) && mailbox.LastIndexOf('@') is var at and > 0 ? mailbox[..at] : mailbox;

    /// <summary>Chooses scanner and learner for a user's message. May read files.</summary>
    /// <param name="user">The name as it came from outside; empty: the site's.</param>
    /// <param name="engine">The site's rules and learner.</param>
    /// <param name="learns">Whether the message may be learned, so that a learner that is missing is made.</param>
    public SpamTurn Begin(string user, SpamEngine engine, bool learns)
    {
        if (!AreServed || user.Length == 0 || Served(user) is not { } name)
        {
            return Turn(engine, null, engine.Learner, null);
        }

        var rules = Prefs.Find(name, engine);
        if (engine.Learner is null || NameOfLearner(name, rules) is not { } learner)
        {
            return Turn(engine, rules, engine.Learner, null);
        }

        BayesLearner Learner(BayesStore store) =>
            (rules?.ScannerFor(engine.LearnerSpeaks) ?? engine.Scanner).LearnerOf(store);

        try
        {
            var lease = Learners.Rent(learner, learns);
            return Turn(engine, rules, lease is null ? null : Learner(lease.Store), lease);
        }
        catch (Exception error) when (!_mayThrow && error is (IOException or UnauthorizedAccessException or StoreException))
        {
            if (_failed.Count(out var count))
            {
                LogFailed(learner, error.Message, count);
            }

            return Turn(engine, rules, null, null);
        }
    }

    public void Dispose() => Learners.Dispose();

    /// <summary>Whose learner is asked about a user's mail; null: the site's.</summary>
    /// <param name="user">The user.</param>
    /// <param name="rules">His preferences.</param>
    public string? NameOfLearner(SpamUserName user, UserRules? rules)
    {
        var isListed = _allowed.Count > 0;
        return _options.Spam.BayesStore switch
        {
            LearnerScope.User when isListed || rules is not null || _mailboxes.Contains(user.Text) || HasHome(user) => user.Text,
            LearnerScope.Domain when user.Domain.Length > 0 && (isListed || rules is not null
                || _options.Domains.Contains(user.Domain, StringComparer.OrdinalIgnoreCase)) => "@" + user.Domain,
            _ => null,
        };
    }

    private bool HasHome(SpamUserName user) => UserPrefsPath.IsInHomes(_options.Spam.UserPrefs) && Prefs.PathOf(user, out _) is not null;

    private static SpamTurn Turn(SpamEngine engine, UserRules? rules, BayesLearner? learner, UserLearners.Lease? lease)
    {
        var set = rules?.Set ?? engine.Rules;
        var isSites = lease is null && learner == engine.Learner;
        var speaks = learner is not null && set.UsesBayes && (isSites ? engine.LearnerSpeaks : learner.IsReady);
        return new(rules?.ScannerFor(speaks) ?? engine.ScannerFor(speaks), set, learner, speaks, lease);
    }

    private SpamUserName? Served(string user)
    {
        var name = SpamUserName.TryParse(user);
        if (name is not null && (_allowed.Count == 0 || _allowed.Any(a => FileSystemName.MatchesSimpleExpression(a, name.Text))))
        {
            return name;
        }

        if (_refused.Count(out var count))
        {
            LogRefused(
                user[..Math.Min(user.Length, 100)],
                name is null ? "it cannot be part of a file name" : "spam.users does not list it", count);
        }

        return null;
    }

    [LoggerMessage(6308, LogLevel.Error, "learner of {User} cannot be opened: {Error}; mail is scored without it ({Count} times)")]
    private partial void LogFailed(string user, string error, long count);

    [LoggerMessage(6307, LogLevel.Information, "user \"{User}\" is scored by the site's settings: {Why} ({Count} times)")]
    private partial void LogRefused(string user, string why, long count);
}

/// <summary>How one message is scored and learned.</summary>
/// <param name="Scanner">The rules.</param>
/// <param name="Rules">Their settings.</param>
/// <param name="Learner">The learner; null where there is none, or nothing was learned yet.</param>
/// <param name="Speaks">Whether the learner's answer counts.</param>
/// <param name="Lease">Keeps the learner's database open.</param>
internal sealed record SpamTurn(SpamScanner Scanner, RuleSet Rules, BayesLearner? Learner, bool Speaks, IDisposable? Lease) : IDisposable
{
    public void Dispose() => Lease?.Dispose();
}
