using System.Text;
using Backstop.Mail;
using Backstop.Mailboxes;

namespace Backstop.Configuration.Options;

/// <summary>What the mailboxes of a domain have in common.</summary>
internal sealed class DomainOptions
{
    // The longest name of a folder on Linux, in octets.
    private const int MaxName = 255;

    /// <summary>
    /// Where mailboxes of the domain are that have no path of their own: <c>%l</c> is the local-part, <c>%d</c> the domain, such as
    /// <c>/var/vmail/%d/%l/Maildir</c>. Addresses that only a table knows have their mailboxes there. Default: none.
    /// </summary>
    public string Path { get; set; } = "";

    /// <summary>The format of these mailboxes: <c>maildir</c> or <c>mbox</c>. Default maildir.</summary>
    public FolderFormat Format { get; set; } = FolderFormat.Maildir;

    /// <summary>
    /// The rcfile of mailboxes in <c>[mailboxes]</c> that have none of their own; <c>%l</c> and <c>%d</c> as in the path. It is not run
    /// for mailboxes that only a table knows. Default: none.
    /// </summary>
    public string Recipes { get; set; } = "";

    /// <summary>The system user of mailboxes that have none of their own. Default: the server's own user.</summary>
    public string User { get; set; } = "";

    /// <summary>Who gets mail for addresses of the domain that nothing else has, as in <c>[aliases]</c>. Default: nobody.</summary>
    public IReadOnlyList<string> CatchAll { get; set; } = [];

    /// <summary>Puts the parts of an address into a path; null where the local-part cannot be the name of a folder.</summary>
    /// <param name="pattern">A path with <c>%l</c> and <c>%d</c>.</param>
    /// <param name="address">The address.</param>
    internal static string? PathOf(string pattern, MailAddress address)
    {
        var key = address.Key;
        var at = key.LastIndexOf('@');
        var name = NameOf(key[..at]);
        return name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MaxName || MailAddress.TryParse(key)?.Key != key
            ? null
            : pattern.Replace("%d", key[(at + 1)..], StringComparison.Ordinal).Replace("%l", name, StringComparison.Ordinal);
    }

    /// <summary>Gives a mailbox of the domain what it has not set itself.</summary>
    /// <param name="mailbox">The mailbox.</param>
    /// <param name="address">Its address.</param>
    internal void Complete(MailboxOptions mailbox, MailAddress address)
    {
        if (mailbox.Path.Length == 0 && Path.Length > 0)
        {
            mailbox.Path = PathOf(Path, address) ?? "";
            mailbox.Format = mailbox.Format == FolderFormat.Maildir ? Format : mailbox.Format;
        }

        mailbox.Recipes = mailbox.Recipes.Length > 0 ? mailbox.Recipes : PathOf(Recipes, address) ?? "";
        mailbox.User = mailbox.User.Length > 0 ? mailbox.User : User;
    }

    /// <summary>Checks the section.</summary>
    /// <param name="problems">Collects the errors, each with its key.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="options">The whole configuration.</param>
    internal void Check(IConfigProblems problems, string domain, BackstopOptions options)
    {
        var key = $"domain.{domain}";
        var hasTables = options.Recipients.Tables.Count > 0;
        if (!options.Domains.Select(MailAddress.DomainKey).Contains(MailAddress.DomainKey(domain), StringComparer.Ordinal))
        {
            problems.Add(key, $"\"{domain}\" is not in domains; add it there, or remove the section");
        }

        CheckPattern(problems, key + ".path", Path, needsName: true);
        CheckPattern(problems, key + ".recipes", Recipes, needsName: false);
        if (Recipes.Length > 0 && hasTables)
        {
            problems.Warn(key + ".recipes", "it is not run for mailboxes that only a table knows; list those that need it in [mailboxes]");
        }

        if (Path.Length > 0 && Path[..(Path + "%").IndexOf('%', StringComparison.Ordinal)] is { Length: > 0 } before
            && System.IO.Path.GetDirectoryName(before) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            problems.Warn(key + ".path", $"no such folder: {folder}; make it for the user of the mailboxes, or write another path");
        }

        if (hasTables && Path.Length > 0)
        {
            MailboxUser.Check(new MailboxOptions { User = User, Path = Path }, problems, key);
        }
    }

    private static void CheckPattern(IConfigProblems problems, string key, string pattern, bool needsName)
    {
        var rest = pattern.Replace("%l", "", StringComparison.Ordinal).Replace("%d", "", StringComparison.Ordinal);
        if (pattern.Length == 0)
        {
            return;
        }

        if (rest.Contains('%', StringComparison.Ordinal))
        {
            problems.Add(key, $"{pattern}: only %l, the local-part, and %d, the domain, have a meaning here");
        }
        else if (needsName && !pattern.Contains("%l", StringComparison.Ordinal))
        {
            problems.Add(key, $"{pattern} is one path for all; write %l where the local-part belongs, such as /var/vmail/%d/%l/Maildir");
        }
        else if (needsName && !System.IO.Path.IsPathRooted(pattern))
        {
            problems.Add(key, $"{pattern} is not an absolute path; write one such as /var/vmail/%d/%l/Maildir");
        }
    }

    // No two addresses have the same name, and none leads out of the folder or to a hidden one.
    private static string NameOf(string localPart)
    {
        var name = new StringBuilder(localPart.Length);
        foreach (var c in localPart)
        {
            _ = c is '/' or '%' || char.IsControl(c) || (c == '.' && name.Length == 0)
                ? name.Append(System.Globalization.CultureInfo.InvariantCulture, $"%{(int)c:X2}")
                : name.Append(c);
        }

        return name.ToString();
    }
}
