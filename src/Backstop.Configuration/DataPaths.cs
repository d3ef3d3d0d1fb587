using Backstop.Configuration.Options;

namespace Backstop.Configuration;

/// <summary>The paths in the data folder, for the server and the command line.</summary>
internal static class DataPaths
{
    /// <summary>The journal's database.</summary>
    /// <param name="options">The configuration.</param>
    public static string Journal(BackstopOptions options) =>
        options.Journal.Path.Length > 0 ? options.Journal.Path : Path.Combine(options.Data, "journal.db");

    /// <summary>The keys of envelope tags.</summary>
    /// <param name="options">The configuration.</param>
    public static string BatvKeys(BackstopOptions options) =>
        options.Batv.Keys.Length > 0 ? options.Batv.Keys : Path.Combine(options.Data, "batv.keys");

    /// <summary>The spool.</summary>
    /// <param name="options">The configuration.</param>
    public static string Spool(BackstopOptions options) =>
        options.Spool.Path.Length > 0 ? options.Spool.Path : Path.Combine(options.Data, "spool");

    /// <summary>The mailboxes that are configured without a path.</summary>
    /// <param name="options">The configuration.</param>
    public static string Mail(BackstopOptions options) => Path.Combine(options.Data, "mail");

    /// <summary>The spam learner's database.</summary>
    /// <param name="options">The configuration.</param>
    public static string Bayes(BackstopOptions options) => Path.Combine(options.Data, "bayes.db");

    /// <summary>The folder of the learners of users and domains.</summary>
    /// <param name="options">The configuration.</param>
    public static string UserBayes(BackstopOptions options) => Path.Combine(options.Data, "bayes");

    /// <summary>The records of storms.</summary>
    /// <param name="options">The configuration.</param>
    public static string Storms(BackstopOptions options) => Path.Combine(options.Data, "storms");

    /// <summary>The runs of the dashboard, so that they can be undone: <c>undo --state</c> and the data folder.</summary>
    /// <param name="options">The configuration.</param>
    public static string Runs(BackstopOptions options) => Path.Combine(options.Data, "clean");

    /// <summary>The overrides set by hand.</summary>
    /// <param name="options">The configuration.</param>
    public static string Overrides(BackstopOptions options) => Path.Combine(options.Data, "overrides.json");

    /// <summary>The senders known to each mailbox.</summary>
    /// <param name="options">The configuration.</param>
    public static string Correspondents(BackstopOptions options) => Path.Combine(options.Data, "correspondents.db");

    /// <summary>The senders that strangers' mail has come from, and come again.</summary>
    /// <param name="options">The configuration.</param>
    public static string Greylist(BackstopOptions options) => Path.Combine(options.Data, "greylist.db");

    /// <summary>The senders that recipes have answered.</summary>
    /// <param name="options">The configuration.</param>
    public static string Replies(BackstopOptions options) => Path.Combine(options.Data, "replies.bin");

    /// <summary>The keys of the dashboard's cookies and forms.</summary>
    /// <param name="options">The configuration.</param>
    public static string WebKeys(BackstopOptions options) => Path.Combine(options.Data, "web-keys");

    /// <summary>The self-signed certificate.</summary>
    /// <param name="options">The configuration.</param>
    public static string Certificate(BackstopOptions options) => Path.Combine(options.Data, "tls", "self-signed.pem");
}
