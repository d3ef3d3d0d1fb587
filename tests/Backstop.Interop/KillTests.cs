namespace Backstop.Interop;

/// <summary>Promise 1: a 250 means durable, whenever the server is killed.</summary>
public sealed class KillTests
{
    [Theory]
    [InlineData("maildir")]
    [InlineData("mbox")]
    public async Task Killed_twenty_times_in_a_storm_every_accepted_message_is_in_a_folder_once(string format)
    {
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        var mbox = folder["mbox"];
        using var server = await Server.StartAsync(folder.Path, mailboxes: $"\"box@bench.test\" = {{ format = \"{format}\", path = \"{mbox}\" }}");
        var random = new Random(format.Length);
        var accepted = new List<string>();
        for (var round = 0; round < 20; round++)
        {
            var seed = (round + 1) * 1000;
            var table = folder[$"round-{round}.tsv"];
            using var client = Tool.Start(
                storm, "-p", $"{server.SmtpPort}", "-o", table, "-n", "20000", "-c", "20", "-L", "0", "-G", "0", "-S", $"{seed}", "-v", "box@bench.test", "-t", "20");
            await Task.Delay(random.Next(50, 700), TestContext.Current.CancellationToken);
            await server.KillAsync();
            await client.KillAsync();
            await server.StartAsync();
            await server.DeliveredAsync(TimeSpan.FromMinutes(1));
            accepted.AddRange(await AcceptedAsync(storm, server, seed, folder[$"after-{round}.tsv"]));
        }

        Assert.True(accepted.Count > 500, $"only {accepted.Count} accepted");
        await server.StopAsync();
        var copies = Count(mbox, format);
        Assert.All(accepted, id => Assert.Equal(1, copies.GetValueOrDefault(id)));
        Assert.All(copies, c => Assert.Equal(1, c.Value));
    }

    // The generator's table is lost with it (it is buffered), so after each kill a few are sent whose fate is known for certain.
    private static async Task<IEnumerable<string>> AcceptedAsync(string storm, Server server, int seed, string table)
    {
        await Tool.RunAsync(
            storm, ["-p", $"{server.SmtpPort}", "-o", table, "-n", "60", "-c", "20", "-L", "0", "-G", "0", "-S", $"{seed + 1}", "-v", "box@bench.test"], TimeSpan.FromMinutes(1));
        await server.DeliveredAsync(TimeSpan.FromMinutes(1));
        return StormC.Read(table).Where(s => s.Code == 250).Select(s => $"{seed + 1}");
    }

    private static Dictionary<string, int> Count(string path, string format) => [];
}
