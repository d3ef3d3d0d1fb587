using System.Net.Http.Json;
using System.Text.Json;
using Backstop.Server.Status;

namespace Backstop.Setup;

/// <summary>What the running server says of itself at <c>/status</c>.</summary>
internal static class StatusPage
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(5);

    /// <summary>Asks the server.</summary>
    /// <param name="url">Its web address.</param>
    /// <param name="ct">Stops the question.</param>
    /// <exception cref="HttpRequestException">It did not answer in time, or what answered is not Backstop.</exception>
    public static async Task<ServerStatus> ReadAsync(Uri url, CancellationToken ct)
    {
        using var client = new HttpClient { BaseAddress = url, Timeout = _limit };
        try
        {
            return (await client.GetFromJsonAsync("/status", StatusJson.Default.ServerStatus, ct))!;
        }
        catch (Exception error) when (error is JsonException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new HttpRequestException(error.Message, error);
        }
    }
}
