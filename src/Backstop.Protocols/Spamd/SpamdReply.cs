using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Spamd;

/// <summary>The score of a message, formatted for a reply.</summary>
/// <param name="IsSpam">Whether the score reaches the required one.</param>
/// <param name="Score">The score with one decimal.</param>
/// <param name="Required">The required score with one decimal.</param>
public readonly record struct SpamdScore(bool IsSpam, string Score, string Required);

/// <summary>Writes replies exactly as spamd 4.0.1 does: the client's version decides which fields there are.</summary>
public static class SpamdReply
{
    private const int ContentLengthSince = 12;
    private const int SpamFieldSince = 13;

    /// <summary>Answers PING.</summary>
    public static ReadOnlyMemory<byte> Pong { get; } = "SPAMD/1.5 0 PONG\r\n"u8.ToArray();

    /// <summary>Answers CHECK.</summary>
    /// <param name="score">The result for the message.</param>
    public static byte[] Checked(SpamdScore score) => Latin1($"SPAMD/1.1 0 EX_OK\r\nSpam: {Words(score, "True", "False")}\r\n\r\n");

    /// <summary>Answers SYMBOLS, REPORT and REPORT_IFSPAM.</summary>
    /// <param name="request">Its verb and version decide the form of the reply.</param>
    /// <param name="score">The result for the message.</param>
    /// <param name="text">The names of the rules, or the report.</param>
    public static byte[] Text(SpamdRequest request, SpamdScore score, byte[] text)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(text);
        var words = request.Verb == SpamdVerb.ReportIfSpam ? Words(score, "Yes", "No") : Words(score, "True", "False");
        if (request.Version >= SpamFieldSince)
        {
            return [.. Latin1(string.Create(
                CultureInfo.InvariantCulture, $"SPAMD/1.1 0 EX_OK\r\nContent-length: {text.Length}\r\nSpam: {words}\r\n\r\n")), .. text];
        }

        byte[] end = request.Verb == SpamdVerb.Symbols ? [.. "\r\n"u8] : [];
        return [.. Latin1($"SPAMD/1.1 0 EX_OK\r\nSpam: {words}\r\n\r\n"), .. text, .. end];
    }

    /// <summary>Answers PROCESS and HEADERS.</summary>
    /// <param name="request">Its verb and version decide the form of the reply.</param>
    /// <param name="score">The result for the message.</param>
    /// <param name="message">The message, or its header.</param>
    public static byte[] Message(SpamdRequest request, SpamdScore score, byte[] message)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(message);
        var head = request.Version switch
        {
            >= SpamFieldSince =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"SPAMD/1.1 0 EX_OK\r\nContent-length: {message.Length}\r\nSpam: {Words(score, "True", "False")}\r\n\r\n"),
            >= ContentLengthSince =>
                string.Create(CultureInfo.InvariantCulture, $"SPAMD/1.1 0 EX_OK\r\nContent-length: {message.Length}\r\n\r\n"),
            _ => "SPAMD/1.0 0 EX_OK\r\n",
        };
        return [.. Latin1(head), .. message];
    }

    /// <summary>Answers TELL.</summary>
    /// <param name="didSet">Whether the message was learned.</param>
    /// <param name="didRemove">Whether the message was forgotten.</param>
    public static byte[] Told(bool didSet, bool didRemove) =>
        Latin1($"SPAMD/1.1 0 EX_OK\r\n{(didSet ? "DidSet: local\r\n" : "")}{(didRemove ? "DidRemove: local\r\n" : "")}\r\n\r\n");

    /// <summary>EX_PROTOCOL: the request was wrong.</summary>
    /// <param name="what">What was wrong, in spamd's words.</param>
    public static byte[] Wrong(string what) => Latin1($"SPAMD/1.0 76 Bad header line: {what}\r\n");

    /// <summary>EX_UNAVAILABLE: the request cannot be served now.</summary>
    /// <param name="why">The reason, for people.</param>
    public static byte[] Unavailable(string why) => Latin1($"SPAMD/1.0 69 Service Unavailable: {why}\r\n");

    /// <summary>EX_TIMEOUT: the request took too long.</summary>
    /// <param name="why">The reason, for people.</param>
    public static byte[] TimedOut(string why) => Latin1($"SPAMD/1.0 79 Timeout: {why}\r\n");

    private static string Words(SpamdScore score, string yes, string no) =>
        $"{(score.IsSpam ? yes : no)} ; {score.Score} / {score.Required}";

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
}
