using System.Text.Json.Serialization;

namespace Backstop.Mailboxes.Spool;

/// <summary>One copy of a message to deliver.</summary>
/// <param name="Folder">The folder that the copy goes to.</param>
/// <param name="Header">Header fields of this copy, each line ended by LF.</param>
public sealed record SpoolTarget(FolderRef Folder, string Header);

/// <summary>What the spool keeps beside a message's body: enough to deliver it after a crash, with nothing else at hand.</summary>
/// <param name="ReceivedUnixMs">When it was received.</param>
/// <param name="ReversePath">The envelope sender; empty for null.</param>
/// <param name="Lines">Lines in the body, so that its size with CRLF is known.</param>
/// <param name="LargeFile">The name of the file that holds a large body; null where the body is in the log.</param>
/// <param name="BodyLength">The body's octets.</param>
/// <param name="Trace">Header fields of every copy.</param>
/// <param name="Targets">The copies.</param>
public sealed record SpoolEnvelope(
    long ReceivedUnixMs,
    string ReversePath,
    int Lines,
    string? LargeFile,
    long BodyLength,
    string Trace,
    IReadOnlyList<SpoolTarget> Targets);

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(SpoolEnvelope))]
internal sealed partial class SpoolJson : JsonSerializerContext;
