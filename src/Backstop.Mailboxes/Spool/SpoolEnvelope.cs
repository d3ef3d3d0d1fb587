using System.Text.Json.Serialization;

namespace Backstop.Mailboxes.Spool;

/// <summary>One copy of a message to deliver.</summary>
/// <param name="Folder">The folder that the copy was for when it was accepted; where it goes now is found at delivery, by
/// <see cref="Mailbox"/>.</param>
/// <param name="Header">The header fields of this copy, each line ended by LF.</param>
public sealed record SpoolTarget(FolderRef Folder, string Header)
{
    /// <summary>The main address of the mailbox, as a key; null in entries of a server that did not write it yet.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Mailbox { get; init; }

    /// <summary>The recipients that the copy is for; null in entries of a server that did not write them yet.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Recipients { get; init; }

    /// <summary>The folders that it was for before it was redirected, where a part of it may be already; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FolderRef>? Earlier { get; init; }
}

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
    IReadOnlyList<SpoolTarget> Targets)
{
    /// <summary>Whether somebody has put the message on hold: it is not delivered until it is released.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsHeld { get; init; }

    /// <summary>The numbers of the copies that are delivered while others still wait; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? Delivered { get; init; }
}

/// <summary>What somebody has changed of a message in the spool; the last one counts.</summary>
/// <param name="IsHeld">Whether it is on hold.</param>
/// <param name="Targets">Its copies; null where they are as they were accepted.</param>
internal sealed record SpoolChange(bool IsHeld, IReadOnlyList<SpoolTarget>? Targets);

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(SpoolEnvelope))]
[JsonSerializable(typeof(SpoolChange))]
internal sealed partial class SpoolJson : JsonSerializerContext;
