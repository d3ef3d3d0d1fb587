using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Backstop.Recipes.Linting;
using Backstop.Server.Delivery;
using Backstop.Server.Users;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>Makes the recipes of all mailboxes, for the server and for commands about a queue that no server delivers.</summary>
internal static partial class RecipeParts
{
    // As much as is read of an rcfile when mail is delivered.
    private const int MaxRecipes = 16 << 20;

    /// <summary>Makes the stage that runs them.</summary>
    public static RecipeStage Make(
        BackstopOptions options, Recipients recipients, SpoolLog spool, UserHelpers helpers, TimeProvider time, ILoggerFactory logs) =>
        new(
            Of(options, recipients, null, helpers, time, logs).Values, options.Recipes.MaxParallel, spool, new SteadyTime(time),
            logs.CreateLogger<RecipeStage>());

    /// <summary>Reads the recipes of all mailboxes.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="recipients">The mailboxes.</param>
    /// <param name="before">Knows the recipes of an earlier configuration; null for none.</param>
    /// <param name="helpers">Run those of other users.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">Makes the log.</param>
    public static Dictionary<FolderRef, MailboxRecipes> Of(
        BackstopOptions options, Recipients recipients, RecipeStage? before, UserHelpers helpers, TimeProvider time, ILoggerFactory logs)
    {
        var log = logs.CreateLogger<RecipeStage>();
        var steady = new SteadyTime(time);
        foreach (var mailbox in recipients.Mailboxes.Where(m => m.Recipes.Length > 0 && m.User is null && File.Exists(m.Recipes)))
        {
            LogRecipe(log, mailbox.Address, Findings(mailbox.Recipes));
        }

        var program = new Recipes.Running.RcProgram();
        return recipients.Mailboxes.Where(m => m.Recipes.Length > 0)
            .Select(m => new MailboxRecipes(
                m, options, program, steady, line => LogRecipe(log, m.Address, line), before?.Of(m.Folder(FolderRef.Inbox)), helpers))
            .ToDictionary(r => r.Inbox);
    }

    // The file belongs to the mailbox's owner: whatever is wrong with it, the server starts.
    private static string Findings(string path)
    {
        try
        {
            using var file = RegularFile.Open(path, followLinks: true);
            var octets = new byte[Math.Min(RandomAccess.GetLength(file), MaxRecipes)];
            var text = System.Text.Encoding.Latin1.GetString(octets, 0, RandomAccess.Read(file, octets, 0));
            return $"{RcLinter.Lint(path, text).Count(f => f.Level == LintLevel.Warning)} findings; list them with: backstop lint {path}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"the rcfile cannot be read: {error.Message}";
        }
    }

    [LoggerMessage(5004, LogLevel.Information, "recipes of {Mailbox}: {Line}")]
    private static partial void LogRecipe(ILogger log, Backstop.Mail.MailAddress mailbox, string line);
}
