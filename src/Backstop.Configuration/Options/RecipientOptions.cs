using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>Tables outside this file that say which addresses exist.</summary>
internal sealed class RecipientOptions
{
    /// <summary>
    /// Tables that are asked, in order, about addresses that are neither in <c>[mailboxes]</c> nor in <c>[aliases]</c>:
    /// <c>file:PATH</c>, lines of an address and what it leads to, which come before mailboxes, as <c>[aliases]</c> do;
    /// <c>sqlite:PATH</c>, a database asked by <c>query</c>;
    /// <c>socketmap:HOST:PORT:NAME</c> or <c>socketmap:unix:PATH:NAME</c>, a server that speaks Postfix's protocol. While one cannot
    /// answer, mail to addresses that only a table knows is answered 451. Default: none.
    /// </summary>
    public IReadOnlyList<string> Tables { get; set; } = [];

    /// <summary>
    /// What an SQLite table is asked: one SELECT, whose first column has the addresses that <c>$address</c> leads to;
    /// <c>$user</c> and <c>$domain</c> are its parts. They are parameters, never text of the query. Default: none.
    /// </summary>
    public string Query { get; set; } = "";

    /// <summary>How long the lookup of one recipient may take before it is answered 451. Default 5s.</summary>
    [Bounds("100ms", "1m")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long it is remembered what an address leads to. Files are not remembered, but read when they change. Default 5m.
    /// </summary>
    [Bounds("0s", "1d")]
    public TimeSpan FoundFor { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long it is remembered that a table does not have an address. Default 30s.</summary>
    [Bounds("0s", "1h")]
    public TimeSpan MissingFor { get; set; } = TimeSpan.FromSeconds(30);

    internal void Check(IConfigProblems problems, IReadOnlyList<string> domains)
    {
        const string Key = "recipients.tables";
        foreach (var error in Tables.Select(TableSetting.Error).OfType<string>())
        {
            problems.Add(Key, error);
        }

        var tables = Tables.Select(TableSetting.Parse).ToList();
        var local = domains.Select(MailAddress.DomainKey).ToHashSet(StringComparer.Ordinal);
        foreach (var file in tables.OfType<TableSetting.File>())
        {
            foreach (var error in AddressFile.Read(file.Path, local.Contains).Errors)
            {
                problems.Add(Key, error);
            }
        }

        foreach (var database in tables.OfType<TableSetting.Sqlite>().Where(d => !File.Exists(d.Path)))
        {
            problems.Add(Key, $"{database.Path}: no such file; write the path of the database");
        }

        CheckQuery(problems, tables.OfType<TableSetting.Sqlite>().Any());
    }

    private void CheckQuery(IConfigProblems problems, bool isAsked)
    {
        const string Example = "query = \"SELECT target FROM aliases WHERE address = $address\"";
        if (isAsked && Query.Length == 0)
        {
            problems.Add("recipients.tables", $"an SQLite table needs a query; write one such as {Example}");
        }
        else if (isAsked && !Query.Contains("$address", StringComparison.Ordinal) && !Query.Contains("$user", StringComparison.Ordinal))
        {
            problems.Add("recipients.query", $"the query does not ask for an address; write one such as {Example}");
        }
        else if (!isAsked && Query.Length > 0)
        {
            problems.Warn("recipients.query", "no table is asked by it; add sqlite:PATH to recipients.tables, or remove it");
        }
    }
}
