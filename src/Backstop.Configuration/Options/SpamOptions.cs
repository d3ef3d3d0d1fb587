using System.Net;

namespace Backstop.Configuration.Options;

/// <summary>The spam filter: SpamAssassin's rules, for mail delivered here and for clients of spamd.</summary>
internal sealed class SpamOptions
{
    /// <summary>Whether received mail is scored and spam is filed. Default false.</summary>
    public bool Enabled { get; set; }

    /// <summary>
    /// The filter that scores mail: <c>rules</c> (SpamAssassin's, in this process), <c>spamd:ADDRESS</c>,
    /// <c>rspamd:URL</c> or <c>pipe:PROGRAM</c>, such as <c>pipe:/usr/bin/spamassassin</c>. Default rules.
    /// </summary>
    public string Filter { get; set; } = "rules";

    /// <summary>
    /// A clamd that also looks for viruses, as <c>host:port</c> or the path of its socket; mail with a virus is filed
    /// with the spam. Default: none.
    /// </summary>
    public string Clamd { get; set; } = "";

    /// <summary>Failures in a row after which a filter is not asked for <c>rest</c>. Default 5.</summary>
    [Bounds(1, 1000)]
    public int FailuresBeforeRest { get; set; } = 5;

    /// <summary>How long a failing filter is not asked before one message tries it again. Default 30s.</summary>
    [Bounds("1s", "1h")]
    public TimeSpan Rest { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Folders or files of rules. Default: those of an installed SpamAssassin, or else Backstop's own small set.
    /// </summary>
    public IReadOnlyList<string> Rules { get; set; } = [];

    /// <summary>The folder for spam in each mailbox. Default Junk.</summary>
    public string Folder { get; set; } = "Junk";

    /// <summary>The largest message that is scored; larger ones are delivered without a score. Default 256KiB.</summary>
    [Bounds("1KiB", "256KiB")]
    public ByteSize MaxSize { get; set; } = new(262_144);

    /// <summary>How long a message may wait for its score; then it is delivered without one. Default 5s.</summary>
    [Bounds("10ms", "5m")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// While more messages than this wait to be scored or delivered, none is scored, so that a flood does not delay
    /// real mail. Default 200.
    /// </summary>
    [Bounds(1, 1000000)]
    public int SkipWhenWaiting { get; set; } = 200;

    /// <summary>
    /// The most messages scored at the same time. Default: with the rules, one a core; with other filters, four a core.
    /// Where there are two or more, the last is kept for clients that used the filter little lately, so that mail that takes
    /// long to score delays only its sender's.
    /// </summary>
    [Bounds(0, 1024)]
    public int MaxParallel { get; set; }

    /// <summary>Whether the learner (Bayes) affects the score once it has seen enough mail. Default true.</summary>
    public bool Bayes { get; set; } = true;

    /// <summary>
    /// Who has a learner: <c>site</c> (all mail has the same), <c>user</c> or <c>domain</c> (one for each, below <c>bayes</c> in the data
    /// folder; mail of other users, and of several, has the site's). Default site.
    /// </summary>
    public LearnerScope BayesStore { get; set; } = LearnerScope.Site;

    /// <summary>
    /// The most learners of users or domains kept open; each takes three descriptors and up to 10 MiB. Default 32.
    /// </summary>
    [Bounds(1, 1000)]
    public int OpenLearners { get; set; } = 32;

    /// <summary>
    /// Where users keep SpamAssassin's <c>user_prefs</c>: an absolute path with <c>%u</c> (the user that spamc or the recipient names),
    /// <c>%l</c> (its local part) or <c>%d</c> (its domain), or <c>~/.spamassassin/user_prefs</c> for users of this host. Default: nowhere.
    /// </summary>
    public string UserPrefs { get; set; } = "";

    /// <summary>
    /// The users that may have preferences and learners, with * and ?, such as <c>*@example.org</c>. Default: whoever has a file, and for
    /// learners the mailboxes and domains too.
    /// </summary>
    public IReadOnlyList<string> Users { get; set; } = [];

    /// <summary>Whether the learner learns by itself from very high and very low scores. Default false.</summary>
    public bool AutoLearn { get; set; }

    /// <summary>Whether clients of spamd may teach the learner (TELL). Default false.</summary>
    public bool AllowTell { get; set; }

    /// <summary>
    /// Addresses and networks whose clients of spamd are served; other connections are closed. Default: loopback.
    /// </summary>
    public IReadOnlyList<IPNetwork> Clients { get; set; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>
    /// The most clients of spamd that may send a message at the same time; a further one takes the place of the one that has been
    /// silent longest. Default 256.
    /// </summary>
    [Bounds(1, 10000)]
    public int MaxClients { get; set; } = 256;

    /// <summary>The largest message a client of spamd may send. Default 16MiB.</summary>
    [Bounds("1KiB", "256MiB")]
    public ByteSize MaxClientMessage { get; set; } = ByteSize.MiB(16);

    /// <summary>
    /// The time limit for receiving the message of a client of spamd; one that sends less than a kibibyte a second gets 10s. Default 2m.
    /// </summary>
    [Bounds("1s", "1h")]
    public TimeSpan ClientTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Networks whose relays are trusted not to forge (trusted_networks). Default: those in the rule files.</summary>
    public IReadOnlyList<IPNetwork> TrustedNetworks { get; set; } = [];

    internal void Check(IConfigProblems problems)
    {
        problems.CheckFolder("spam.folder", Folder);
        if (FilterSetting.Error(Filter) is { } wrong)
        {
            problems.Add("spam.filter", wrong);
        }

        if (Clamd.Length > 0)
        {
            problems.CheckPeer("spam.clamd", Clamd);
        }

        if (UserPrefs.Length > 0 && UserPrefsPath.Error(UserPrefs) is { } fault)
        {
            problems.Add("spam.user_prefs", fault);
        }

        foreach (var path in Rules.Where(p => !Path.Exists(p)))
        {
            problems.Add("spam.rules", $"no such file or folder: {path}");
        }
    }
}
