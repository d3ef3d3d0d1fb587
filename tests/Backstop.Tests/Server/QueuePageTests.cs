using System.Net;
using System.Text.RegularExpressions;

namespace Backstop.Tests.Server;

/// <summary>The dashboard's pages about messages that wait.</summary>
public sealed partial class QueuePageTests : IDisposable
{
    private const string Me = "me@example.org";

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Message_that_waits_is_shown_held_released_and_tried()
    {
        await using var server = await StuckAsync("<a@example.net>");
        using var browser = new Browser(server);
        var list = await browser.ReadAsync("/queue");
        Assert.Contains("queue:folder-failed", list, StringComparison.Ordinal);
        Assert.Contains("Not a directory", list, StringComparison.Ordinal);
        var page = Link().Match(list).Value;
        var id = page["/queue/".Length..];
        Assert.Equal(HttpStatusCode.Found, await browser.PostAsync(page, "/queue/hold", new() { ["id"] = id }));
        Assert.Contains("queue:held", await browser.ReadAsync(page), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await browser.PostAsync(page, "/queue/deliver", new() { ["id"] = id }));
        Assert.Equal(HttpStatusCode.Found, await browser.PostAsync(page, "/queue/release", new() { ["id"] = id }));
        File.Delete(_folder["file"]);
        Assert.Equal(HttpStatusCode.Found, await browser.PostAsync(page, "/queue/deliver", new() { ["id"] = id }));
        Assert.Single(Directory.GetFiles(_folder["file/Maildir/new"]));
        Assert.Equal(HttpStatusCode.NotFound, await browser.GetAsync(page));
        Assert.Equal(HttpStatusCode.NotFound, await browser.PostAsync("/actions", "/queue/hold", new() { ["id"] = "no id" }));
    }

    [Fact]
    public async Task Forms_without_a_token_change_nothing()
    {
        await using var server = await StuckAsync("<a@example.net>");
        using var browser = new Browser(server);
        var id = Link().Match(await browser.ReadAsync("/queue")).Value["/queue/".Length..];
        using var form = new FormUrlEncodedContent([new("id", id)]);
        Assert.Equal(HttpStatusCode.BadRequest, await browser.PostAsync("/queue/hold", form));
        Assert.Contains("queue:folder-failed", await browser.ReadAsync("/queue/" + id), StringComparison.Ordinal);
    }

    /// <summary>RFC 5321 lets a quoted local-part have nearly anything.</summary>
    [Fact]
    public async Task Words_of_strangers_are_text()
    {
        await using var server = await StuckAsync("<\"<script>alert(1)</script>\"@example.net>");
        using var browser = new Browser(server);
        var list = await browser.ReadAsync("/queue?to=&from=" + Uri.EscapeDataString("\"><script>"));
        Assert.DoesNotContain("<script>alert", list, StringComparison.Ordinal);
        Assert.DoesNotContain("\"><script>", list, StringComparison.Ordinal);
        list = await browser.ReadAsync("/queue");
        Assert.Contains("&lt;script&gt;alert(1)", list, StringComparison.Ordinal);
        var one = await browser.ReadAsync(Link().Match(list).Value);
        Assert.DoesNotContain("<script>alert", list + one, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_is_searched()
    {
        await using var server = await StuckAsync("<a@example.net>");
        using var browser = new Browser(server);
        Assert.Matches(Link(), await browser.ReadAsync("/queue?to=me@example.org&from=@example.net&reason=queue:folder-failed"));
        Assert.Contains("No waiting message matches", await browser.ReadAsync("/queue?to=you@example.org"), StringComparison.Ordinal);
    }

    private async Task<TestServer> StuckAsync(string sender)
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        var server = await TestServer.StartAsync(o => o.Mailboxes[Me].Path = _folder["file/Maildir"]);
        Assert.StartsWith(
            "250", await ServerMail.SendAsync(server, sender, Me, "From: a@example.net\nSubject: lunch\n\nhello"),
            StringComparison.Ordinal);
        await ServerMail.StatusAsync(server, "\"failing\": [\n");
        return server;
    }

    [GeneratedRegex("/queue/[0-9a-f]+")]
    private static partial Regex Link();
}
