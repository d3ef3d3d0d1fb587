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
    /// The system user whose mailbox it is: only a server that root starts can deliver as somebody else. Folders are written, and recipes
    /// and their programs run, as this user; the path is one that the user can reach. Default: the server's own user.
    /// </summary>
    public string User { get; set; } = "";

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

        if (Path.Length > 0)
        {
            CheckPath(problems, key + ".path");
        }

        MailboxUser.Check(this, problems, key);
    }

    private void CheckPath(IConfigProblems problems, string key)
    {
        if (Format == FolderFormat.Maildir && File.Exists(Path))
        {
            problems.Warn(key, $"{Path} is a file, and a Maildir is a folder; write format = \"mbox\", or the path of a folder");
        }
        else if (Format == FolderFormat.Mbox && Directory.Exists(Path))
        {
            problems.Warn(key, $"{Path} is a folder, and an mbox is a file; leave out format = \"mbox\", or write the path of a file");
        }
        else if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) is { } folder && !Directory.Exists(folder))
        {
            problems.Warn(key, $"no such folder: {folder}; make it for the mailbox's user, or write another path");
        }
    }
}
