using System.Globalization;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>A message that the independent generator sent, as its table tells.</summary>
internal sealed record Sent(string Id, string Kind, string Format, int Code);

/// <summary>The independent storm generator (C), built and run; its truth is in its table only.</summary>
internal static class StormC
{
    public static async Task<string> BuildAsync(string folder)
    {
        var compiler = Needs.Program("gcc", "gcc");
        var program = Path.Combine(folder, "storm");
        await Tool.RunAsync(compiler, ["-O2", "-w", "-o", program, Needs.Shared("bench/storm.c")], TimeSpan.FromMinutes(1));
        return program;
    }

    /// <summary>Writes what "was really sent" as the generator wants it and as messages for <c>journal import</c>.</summary>
    public static Task<string> JournalAsync(Server server, int count, int seed) => JournalAsync(server.Folder, server.Data, count, seed);

    public static async Task<string> JournalAsync(string folder, string data, int count, int seed)
    {
        var random = new Random(seed);
        var table = Path.Combine(folder, "journal.tsv");
        var sent = Directory.CreateDirectory(Path.Combine(folder, "sent")).FullName;
        var lines = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var (id, to) = ($"{random.Next():x}.{i}@bench.test", $"person{i}@people{random.Next(90)}.example.com");
            lines.Add($"{id}\t{to}\tsubject {i}");
            await File.WriteAllTextAsync(
                Path.Combine(sent, $"{i}.eml"), $"Message-ID: <{id}>\nFrom: victim@bench.test\nTo: {to}\nSubject: subject {i}\n\nx\n");
        }

        await File.WriteAllLinesAsync(table, lines);
        await Tool.RunAsync(Server.Launcher, ["journal", "import", "--data", data, sent], TimeSpan.FromMinutes(2));
        return table;
    }

    public static async Task<IReadOnlyList<Sent>> RunAsync(string program, Server server, params string[] arguments)
    {
        var table = Path.Combine(server.Folder, $"storm-{Guid.NewGuid():N}.tsv");
        await Tool.RunAsync(
            program, ["-p", server.SmtpPort.ToString(CultureInfo.InvariantCulture), "-o", table, .. arguments], TimeSpan.FromMinutes(6));
        return Read(table);
    }

    public static IReadOnlyList<Sent> Read(string table) =>
        [.. File.ReadLines(table).Skip(1).Select(l => l.Split('\t')).Where(c => c.Length > 10).Select(c =>
            new Sent(c[0], c[1], c[2], int.Parse(c[10], CultureInfo.InvariantCulture)))];

    /// <summary>How often each message's id is found in a folder.</summary>
    public static Dictionary<string, int> Ids(string maildir, string folder = "")
    {
        var path = folder.Length == 0 ? maildir : Path.Combine(maildir, "." + folder);
        return Directory.Exists(Path.Combine(path, "new"))
            ? MessageFiles.Read(path).Where(m => folder.Length > 0 || !m.Path.Contains("/.", StringComparison.Ordinal))
                .Select(m => Id(System.Text.Encoding.Latin1.GetString(m.Bytes.Span))).OfType<string>().CountBy(i => i).ToDictionary()
            : [];
    }

    private static string? Id(string message)
    {
        const string field = "\nX-Storm-Id: ";
        var at = message.IndexOf(field, StringComparison.Ordinal);
        return at < 0 ? null : message[(at + field.Length)..message.IndexOf('\n', at + 1)].Trim();
    }
}
