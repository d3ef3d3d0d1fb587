using System.IO.Enumeration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Posix;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Filters;

/// <summary>
/// Chooses by whose preferences and with whose learner a message is scored. Users who are unknown or have none get the site's.
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

    /// <summary>Makes it; files are read when they are first needed.</summary>
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

    // Without these settings the names of users have no effect, and nothing is logged about them.
    private bool AreServed => _options.Spam.UserPrefs.Length > 0 || _options.Spam.BayesStore != LearnerScope.Site;

    /// <summary>Chooses scanner and learner for a user's message. May read files.</summary>
    /// <param name="user">The name as it came from outside; empty: the site's.</param>
    /// <param name="engine">The site's rules and learner.</param>
    /// <param name="learns">Whether the message may be learned.</param>
    public SpamTurn Begin(string user, SpamEngine engine, bool learns)
    {
        if (!AreServed || user.Length == 0 || Served(user) is not { } name)
        {
            return Turn(engine, null, engine.Learner, null);
        }

        var rules = Prefs.Find(name, engine);
        try
        {
            return Compiled(Begin(name, rules, engine, learns), rules);
        }
        catch (Exception error) when (rules is not null && !_mayThrow)
        {
            // A bug of ours that a user's file sets off must affect only that user.
            Prefs.Say(name, error);
            return Begin(name, null, engine, learns);
        }
    }

    // Here, where his trouble ends, and not when the message is scored.
    private static SpamTurn Compiled(SpamTurn turn, UserRules? rules)
    {
        try
        {
            _ = rules is null ? null : turn.Scanner;
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    private SpamTurn Begin(SpamUserName user, UserRules? rules, SpamEngine engine, bool learns)
    {
        if (engine.Learner is null || NameOfLearner(user, rules, learns) is not { } learner)
        {
            return Turn(engine, rules, engine.Learner, null);
        }

        // A learner that several users share reads messages with the site's settings, whoever teaches it.
        var reader = _options.Spam.BayesStore == LearnerScope.User ? rules?.ScannerFor(engine.LearnerSpeaks) : null;
        var lease = Rent(learner, creates: false);
        try
        {
            var store = lease?.Store ?? (IBayesStore)new UnmadeLearner(creates => Rent(learner, creates));
            return Turn(engine, rules, reader is null ? engine.LearnerOf(store) : reader.LearnerOf(store), lease);
        }
        catch
        {
            lease?.Dispose();
            throw;
        }
    }

    public void Dispose() => Learners.Dispose();

    /// <summary>Whose learner is asked about a user's mail; null: the site's.</summary>
    /// <param name="user">A valid name; it need not belong to anybody.</param>
    /// <param name="rules">His preferences.</param>
    /// <param name="learns">Whether the message may be learned: the administrator may make a learner for whoever is listed.</param>
    public string? NameOfLearner(SpamUserName user, UserRules? rules, bool learns = false)
    {
        var name = _options.Spam.BayesStore switch
        {
            LearnerScope.User => user.Text,
            LearnerScope.Domain when user.Domain.Length > 0 => "@" + user.Domain,
            _ => null,
        };
        return name is not null && (rules is not null || IsKnown(user) || (learns && _mayThrow && _allowed.Count > 0)
            || Learners.Exists(name)) ? name : null;
    }

    // A pattern in spam.users matches names that nobody has, and any client may name those.
    private bool IsKnown(SpamUserName user) =>
        _allowed.Contains(user.Text, StringComparer.OrdinalIgnoreCase)
        || (_options.Spam.BayesStore == LearnerScope.Domain
            ? _options.Domains.Contains(user.Domain, StringComparer.OrdinalIgnoreCase)
            : _mailboxes.Contains(user.Text) || HasHome(user) || (_allowed.Count > 0 && UserAccount.Find(user.Text) is not null));

    private bool HasHome(SpamUserName user) => UserPrefsPath.IsInHomes(_options.Spam.UserPrefs) && Prefs.PathOf(user, out _) is not null;

    // Null where it is missing or cannot be used.
    private UserLearners.Lease? Rent(string learner, bool creates)
    {
        try
        {
            return Learners.Rent(learner, creates);
        }
        catch (Exception error) when (!_mayThrow && error is (IOException or UnauthorizedAccessException or StoreException))
        {
            if (_failed.Count(out var count))
            {
                LogFailed(learner, error.Message, count);
            }

            return null;
        }
    }

    private SpamTurn Turn(SpamEngine engine, UserRules? rules, BayesLearner? learner, UserLearners.Lease? lease)
    {
        var set = rules?.Set ?? engine.Rules;
        var isSites = learner == engine.Learner;
        var speaks = learner is not null && engine.Rules.Learns && set.UsesBayes && (isSites ? engine.LearnerSpeaks : learner.IsReady);
        var isOwn = !isSites && _options.Spam.BayesStore == LearnerScope.User;
        return new(new(() => rules?.ScannerFor(speaks) ?? engine.ScannerFor(speaks)), set, learner, speaks, lease)
        {
            IsSites = isSites,
            Learns = engine.Rules.Learns && set.Learns,
            AutoLearns = engine.Rules.Learns && set.AutoLearns && (rules is null || isOwn),
        };
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
/// <param name="Scorer">The rules, compiled when a message is scored.</param>
/// <param name="Rules">Their settings.</param>
/// <param name="Learner">The learner; null where there is none.</param>
/// <param name="Speaks">Whether the learner's answer counts.</param>
/// <param name="Lease">Keeps the learner's database open; null where it is the site's or not made yet.</param>
internal sealed record SpamTurn(Lazy<SpamScanner> Scorer, RuleSet Rules, BayesLearner? Learner, bool Speaks, IDisposable? Lease)
    : IDisposable
{
    /// <summary>The rules.</summary>
    public SpamScanner Scanner => Scorer.Value;

    /// <summary>Whether the learner is the site's.</summary>
    public bool IsSites { get; init; }

    /// <summary>Whether people may teach the learner with the message: <c>use_bayes</c> of the site, and of the user.</summary>
    public bool Learns { get; init; }

    /// <summary>
    /// Whether the learner may learn from the score. Where a user has points and limits of his own, only his own learner may: a shared one
    /// must not learn what one user's rules decide.
    /// </summary>
    public bool AutoLearns { get; init; }

    public void Dispose() => Lease?.Dispose();
}
