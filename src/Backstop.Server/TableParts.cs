using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Tables;
using Backstop.Mail;
using Backstop.Server.Tables;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>Makes the tables of <c>recipients.tables</c>.</summary>
internal static class TableParts
{
    // A thread waits for each lookup in a database; a server answers many at once.
    private const int DatabaseLookups = 2;
    private const int ServerLookups = 16;

    /// <summary>Makes all tables, and reads those that are files.</summary>
    /// <exception cref="InvalidDataException">A file has wrong lines, or a database cannot be asked.</exception>
    public static IReadOnlyList<IAddressTable> Of(BackstopOptions options, TimeProvider time, ILoggerFactory logs)
    {
        var domains = options.Domains.Select(MailAddress.DomainKey).ToHashSet(StringComparer.Ordinal);
        return [.. options.Recipients.Tables.Select(t => Make(TableSetting.Parse(t)!))];

        IAddressTable Make(TableSetting setting) => setting switch
        {
            TableSetting.File file => new FileTable(file.Text, file.Path, domains.Contains, time, logs.CreateLogger<FileTable>()),
            TableSetting.Sqlite database => Limited(setting, Open(database, options.Recipients, time), DatabaseLookups, knowsDomains: true),

            // Postfix asks a socketmap for whole addresses only, and its servers are written for that.
            TableSetting.Socketmap server => Limited(
                setting, new SocketmapTable(server.EndPoint, server.Table), ServerLookups, knowsDomains: false),
            _ => throw new InvalidDataException($"{setting.Text} is not a table"),
        };

        LimitedTable Limited(TableSetting setting, IAddressSource source, int parallel, bool knowsDomains)
        {
            var recipients = options.Recipients;
            return new(
                setting.Text, source, new(recipients.TimeLimit, parallel, recipients.FoundFor, recipients.MissingFor), domains.Contains,
                time, logs.CreateLogger<LimitedTable>())
            {
                KnowsDomains = knowsDomains,
            };
        }
    }

    private static DatabaseTable Open(TableSetting.Sqlite setting, RecipientOptions options, TimeProvider time)
    {
        var database = new AddressDatabase(setting.Path, options.Query, options.TimeLimit, time);
        return database.Check() is { } wrong
            ? throw new InvalidDataException($"{setting.Path}: {wrong}; see recipients.query")
            : new(database);
    }
}
