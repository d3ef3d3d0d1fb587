using Backstop.Tests.Protocols;

namespace Backstop.Tests.Server;

/// <summary>The whole smuggling matrix over a real socket: one message or a refusal, never two.</summary>
public sealed class SmuggleTests
{
    [Fact]
    public async Task No_false_end_of_data_makes_a_second_message()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var row in DataReaderTests.Smuggling)
        {
            var (label, end) = row.Data;
            using var dialog = new Dialog(server.Smtp);
            await dialog.PlayAsync(
                "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354");
            await dialog.SendAsync(
                $"Subject: first\r\n\r\ntext{end}MAIL FROM:<evil@b.example>\r\nRCPT TO:<me@example.org>\r\nDATA\r\nSubject: "
                    + $"smuggled\r\n\r\nx\r\n.\r\n");
            Assert.True((await dialog.ReadLineAsync())?.StartsWith("554", StringComparison.Ordinal) == true, label);
            Assert.True(await dialog.ReadLineAsync() is null, label);
        }

        Assert.Empty(await server.MessagesAsync());
    }

    [Theory]
    [InlineData("\\0.\\r\\n")]
    [InlineData(".\\0\\r\\n")]
    [InlineData(" .\\r\\n")]
    public async Task Nul_and_space_round_the_dot_are_text(string almost)
    {
        await using var server = await TestServer.StartAsync();
        await Dialog.RunAsync(
            server.Smtp,
            "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354\n"
            + $"R: text\\r\\n{almost}MAIL FROM:<evil@b.example>\\r\\n.\\r\\n\nS: 250 2.0.0\nC: QUIT\nS: 221\nE:");
        Assert.Contains("MAIL FROM:<evil", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
    }
}
