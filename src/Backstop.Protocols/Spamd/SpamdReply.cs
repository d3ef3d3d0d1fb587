using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Spamd;

/// <summary>The score of a message in a reply. Texts, for they are shown as they are.</summary>
/// <param name="IsSpam">The score reaches what is required.</param>
/// <param name="Score">One decimal.</param>
/// <param name="Required">One decimal.</param>
public readonly record struct SpamdScore(bool IsSpam, string Score, string Required);

/// <summary>Writes replies octet by octet as spamd 4.0.1 does: which fields there are depends on the client's version.</summary>
public static class SpamdReply
{
    private const int ContentLengthSince = 12;
    private const int SpamFieldSince = 13;

    /// <summary>The answer to PING.</summary>
    public static ReadOnlyMemory<byte> Pong { get; } = "SPAMD/1.5 0 PONG\r\n"u8.ToArray();

    /// <summary>The answer to CHECK.</summary>
    /// <param name="score">The score.</param>
    public static byte[] Checked(SpamdScore score) => Latin1($"SPAMD/1.1 0 EX_OK\r\nSpam: {Words(score, "True", "False")}\r\n\r\n");

    /// <summary>The answer to SYMBOLS, REPORT and REPORT_IFSPAM.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="score">The score.</param>
    /// <param name="text">Names or report.</param>
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

    /// <summary>The answer to PROCESS and HEADERS.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="score">The score.</param>
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

    /// <summary>The answer to TELL.</summary>
    /// <param name="didSet">It was learned.</param>
    /// <param name="didRemove">It was forgotten.</param>
    public static byte[] Told(bool didSet, bool didRemove) =>
        Latin1($"SPAMD/1.1 0 EX_OK\r\n{(didSet ? "DidSet: local\r\n" : "")}{(didRemove ? "DidRemove: local\r\n" : "")}\r\n\r\n");

    /// <summary>The request was wrong: EX_PROTOCOL.</summary>
    /// <param name="what">As spamd says it.</param>
    public static byte[] Wrong(string what) => Latin1($"SPAMD/1.0 76 Bad header line: {what}\r\n");

    /// <summary>It cannot be done now: EX_UNAVAILABLE.</summary>
    /// <param name="why">In words.</param>
    public static byte[] Unavailable(string why) => Latin1($"SPAMD/1.0 69 Service Unavailable: {why}\r\n");

    /// <summary>It took too long: EX_TIMEOUT.</summary>
    /// <param name="why">In words.</param>
    public static byte[] TimedOut(string why) => Latin1($"SPAMD/1.0 79 Timeout: {why}\r\n");

    private static string Words(SpamdScore score, string yes, string no) =>
        $"{(score.IsSpam ? yes : no)} ; {score.Score} / {score.Required}";

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
}
