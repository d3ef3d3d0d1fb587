using System.Text;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>Promise 1: a 250 means durable, whenever the server is killed.</summary>
public sealed class KillTests
{
    [Theory]
    [InlineData("maildir")]
    [InlineData("mbox")]
    [InlineData("recipes")]
    public async Task Killed_twenty_times_in_a_storm_every_accepted_message_is_in_a_folder_once(string format)
    {
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        var path = folder["box"];
        var hasRecipes = format == "recipes";
        await File.WriteAllTextAsync(
            folder["rc"],
            ":0\n* ^X-Storm-Id: .*[02468]$\neven/\n:0 fw: filter.lock\n* ^X-Storm-Id: .*[13]$\n| cat\n:0:\n* ^X-Storm-Id: "
                + ".*[135]$\nodd.mbox\n",
            TestContext.Current.CancellationToken);
        using var server = await Server.StartAsync(
            folder.Path, "backscatter.unproved = \"file\"",
            $"\"box@bench.test\" = {{ format = \"{(hasRecipes ? "maildir" : format)}\", path = "
                + $"\"{path}\"{(hasRecipes ? $", recipes = \"{folder["rc"]}\"" : "")} }}");
        var random = new Random(format.Length);
        var accepted = new List<string>();
        for (var round = 0; round < 20; round++)
        {
            // Detail addresses tell the rounds apart; the generator counts its messages from 0 in each.
            var victim = $"box+{round}@bench.test";
            var table = folder[$"round-{round}.tsv"];
            var client = Tool.RunAsync(
                storm, [
                    "-p", $"{server.SmtpPort}", "-o", table, "-n", "2500", "-c", "20", "-L", hasRecipes ? "100" : "0", "-G", "0", "-S",
                    $"{round}", hasRecipes ? "-l" : "-v", victim, "-t", "60"], TimeSpan.FromMinutes(2));
            await server.AcceptsAsync(random.Next(1, 150));
            await server.KillAsync();

            // Without a server the generator soon runs out of messages, and then writes down what became of each.
            await client;
            accepted.AddRange(StormC.Read(table).Where(s => s.Code == 250).Select(s => $"{victim} {s.Id}"));
            await server.StartAsync();
            await server.DeliveredAsync();
        }

        Assert.True(accepted.Count > 500, $"only {accepted.Count} were accepted");
        await server.StopAsync();
        var copies = Folders(path).Concat(hasRecipes ? [folder["even"], folder["odd.mbox"]] : []).Where(Path.Exists)
            .SelectMany(MessageFiles.Read).Select(m => Key(Encoding.Latin1.GetString(m.Bytes.Span))).CountBy(k => k).ToDictionary();
        Assert.DoesNotContain(accepted, a => copies.GetValueOrDefault(a) != 1);
        Assert.DoesNotContain(copies, c => c.Value != 1);
    }

    // An mbox has its folders beside it.
    private static string[] Folders(string path) => [path, path + ".Backscatter"];

    private static string Key(string message) => $"{Field(message, "Delivered-To")} {Field(message, "X-Storm-Id")}";

    private static string Field(string message, string name)
    {
        var at = message.IndexOf($"\n{name}: ", StringComparison.Ordinal);
        return at < 0 ? "" : message[(at + name.Length + 3)..message.IndexOf('\n', at + 1)].Trim();
    }
}
