using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backstop.Server.Web;

/// <summary>
/// Why <c>/classify</c> gave no explanation, in the form of RFC 9457: one word, the same in answer and metric; then
/// what is wrong and what to do.
/// </summary>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Error">The word.</param>
/// <param name="Title">What is wrong.</param>
/// <param name="Detail">What to do.</param>
internal sealed record ClassifyProblem(int Status, string Error, string Title, string Detail)
{
    public static readonly ClassifyProblem WrongHost = new(
        403, "wrong-host", "This server is not known under the name in the Host field.",
        "Ask it by its address, or add the name to web.hosts in its configuration.");
    public static readonly ClassifyProblem Off = new(
        404, "off", "/classify is switched off.",
        "Set classify.token in the server's configuration (backstop config token makes one) and restart it.");
    public static readonly ClassifyProblem Method = new(
        405, "method", "/classify answers POST only.",
        "Send the message as the body of a POST.");
    public static readonly ClassifyProblem NoToken = new(
        401, "no-token", "The request has no token.",
        "Send Authorization: Bearer TOKEN, with the server's classify.token. A login to the dashboard does not count here.");
    public static readonly ClassifyProblem WrongToken = new(
        401, "wrong-token", "The token is not one of the server's tokens.",
        "Compare it with classify.token and classify.token_file; the file is read again when it changes.");
    public static readonly ClassifyProblem Form = new(
        415, "form", "The body is a form, not a message.",
        "Send the message's own octets: curl --data-binary @FILE, not -F.");
    public static readonly ClassifyProblem Encoded = new(
        415, "encoded", "The body is compressed.",
        "Send the message as it is, without Content-Encoding.");
    public static readonly ClassifyProblem Empty = new(
        400, "empty", "There is no message.",
        "Send its octets as the body: curl --data-binary @FILE.");
    public static readonly ClassifyProblem OneLine = new(
        400, "one-line", "The body is a form without line ends: curl -d takes them out of a file.",
        "Use curl --data-binary @FILE.");
    public static readonly ClassifyProblem CutOff = new(
        400, "cut-off", "The body cannot be read to its end.",
        "Send as many octets as Content-Length says, or well-formed chunks.");
    public static readonly ClassifyProblem TooSlow = new(
        408, "too-slow", "The message took too long to arrive.",
        "Send it without pauses; classify.time_limit is the limit.");
    public static readonly ClassifyProblem Busy = new(
        503, "busy", "The server is judging as many messages as it may at a time.",
        "Ask again after a second; classify.max_parallel is the limit.");
    public static readonly ClassifyProblem Journal = new(
        503, "journal", "The journal of sent mail cannot be read just now.",
        "Ask again after a second; the server's log has the reason.");

    public static readonly ClassifyProblem Failed = new(
        500, "error", "The message could not be judged.",
        "Keep it and ask again later; the server's log has the reason.");

    public static ClassifyProblem TooLarge(string max) => new(
        413, "too-large", $"The message is larger than {max}.",
        "Send its beginning: only the first 4MiB are judged. classify.max_message is the limit.");

    public static ClassifyProblem Parameter(string title, string detail) => new(400, "parameter", title, detail);

    public byte[] ToJsonLine() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ClassifyProblemJson.Default.ClassifyProblem), (byte)'\n'];
}

/// <summary>JSON serialization of these answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ClassifyProblem))]
internal sealed partial class ClassifyProblemJson : JsonSerializerContext;
