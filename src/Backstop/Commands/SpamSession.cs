using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Server.Filters;
using Backstop.SpamRules.Learning;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Commands;

/// <summary>The rules and the learner that the server would use for a user's mail, for <c>scan</c> and <c>learn</c>.</summary>
internal sealed class SpamSession : IDisposable
{
    private readonly SpamUsers _users;
    private readonly BayesStore? _store;

    private SpamSession(BackstopOptions options, SpamUsers users, BayesStore? store, string? user, bool learns)
    {
        (_users, _store) = (users, store);
        IBayesStore? learned = options.Spam.Bayes ? (IBayesStore?)store ?? new MemoryBayesStore() : null;
        var rules = SpamEngine.Read(options);
        var engine = learns ? SpamEngine.ForLearning(rules, options, learned, TimeProvider.System)
            : SpamEngine.Compile(rules, options, learned, TimeProvider.System);
        Name = user is null ? null : SpamUserName.TryParse(user) ?? throw new CommandException(
            ExitCode.Usage,
            $"--user {ShownText.Of(user, 100)}: not the name of a user; write letters, digits and -+_.,@= such as me@example.org");
        Turn = users.Begin(user ?? "", engine, learns);
        HasPreferences = Turn.Rules != engine.Rules;
    }

    /// <summary>The user; null for the site's settings.</summary>
    public SpamUserName? Name { get; }

    public SpamTurn Turn { get; }

    /// <summary>Whether a file of the user was read.</summary>
    public bool HasPreferences { get; }

    /// <summary>The path of the user's file; null where there can be none.</summary>
    public string? PreferencesPath => Name is null ? null : _users.Prefs.PathOf(Name, out _);

    /// <summary>Reads rules, preferences and learner.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="user">The user; null for the site's settings.</param>
    /// <param name="learns">Whether a learner that is missing is made.</param>
    /// <exception cref="CommandException">The name is not one of a user.</exception>
    public static SpamSession Begin(BackstopOptions options, string? user, bool learns)
    {
        var path = DataPaths.Bayes(options);
        if (learns)
        {
            UserLearners.RefuseEmpty(path);
            DataFolder.MakeFile(path);
        }

        var store = options.Spam.Bayes && File.Exists(path) ? new BayesStore(path, TimeProvider.System) : null;
        return new(options, new(options, TimeProvider.System, NullLogger.Instance, mayThrow: true), store, user, learns);
    }

    public void Dispose()
    {
        Turn.Dispose();
        _users.Dispose();
        _store?.Dispose();
    }
}
