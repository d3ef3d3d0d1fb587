using System.Text.Json.Serialization;

namespace Backstop.Mailboxes.Spool;

/// <summary>One copy of a message to deliver.</summary>
/// <param name="Folder">The folder that the copy goes to.</param>
/// <param name="Header">The header fields of this copy, each line ended by LF.</param>
public sealed record SpoolTarget(FolderRef Folder, string Header);

/// <summary>What the spool stores besides a message's body: everything needed to deliver it after a crash.</summary>
/// <param name="ReceivedUnixMs">When it was received.</param>
/// <param name="ReversePath">The envelope sender; empty for null.</param>
/// <param name="Lines">The number of lines in the body, from which its size with CRLF follows.</param>
/// <param name="LargeFile">The name of the file with a large body; null if the body is in the log.</param>
/// <param name="BodyLength">The length of the body in octets.</param>
/// <param name="Trace">The header fields of every copy.</param>
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
