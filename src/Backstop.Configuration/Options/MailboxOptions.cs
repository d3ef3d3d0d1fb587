using Backstop.Mailboxes;

namespace Backstop.Configuration.Options;

internal sealed class MailboxOptions
{
    /// <summary>The Maildir's folder or the mbox file. Default: <c>mail/ADDRESS/Maildir</c> in the data folder.</summary>
    public string Path { get; set; } = "";

    /// <summary><c>maildir</c> or <c>mbox</c>. Default maildir.</summary>
    public FolderFormat Format { get; set; } = FolderFormat.Maildir;

    /// <summary>A procmail rcfile: its recipes decide about all mail for the mailbox's inbox. Default: none.</summary>
    public string Recipes { get; set; } = "";

    /// <summary>
    /// Further addresses. <c>@example.org</c> takes every address of the domain that no other mailbox has. Default:
    /// none.
    /// </summary>
    public IReadOnlyList<string> Aliases { get; set; } = [];

    /// <summary>Checks the section.</summary>
    /// <param name="problems">Collects the errors, each with its key.</param>
    /// <param name="key">The mailbox's table.</param>
    internal void Check(IConfigProblems problems, string key)
    {
        if (Recipes.Length > 0 && !File.Exists(Recipes))
        {
            problems.Add(key + ".recipes", $"no such file: {Recipes}");
        }
    }
}
