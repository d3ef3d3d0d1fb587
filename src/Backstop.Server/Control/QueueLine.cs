using System.Text.Json.Serialization;

namespace Backstop.Server.Control;

/// <summary>One copy of a message in the queue.</summary>
/// <param name="Recipients">The recipients that it is for; none in entries of a server that did not store them yet.</param>
/// <param name="Mailbox">The main address of its mailbox; null in such entries.</param>
/// <param name="Folder">The name of its folder.</param>
/// <param name="Path">The path of the mailbox; where it has none any more, the one that it had.</param>
/// <param name="Reason">Why it waits, a word of docs/reasons.md; <c>delivered</c> where it does not.</param>
/// <param name="Error">Why the last try failed; empty where none did.</param>
/// <param name="Tries">Failed tries of its folder or recipes since the last success.</param>
/// <param name="NextTry">When it is tried again; null where nothing has failed.</param>
internal sealed record CopyLine(
    IReadOnlyList<string> Recipients, string? Mailbox, string Folder, string Path, string Reason, string Error, int Tries,
    DateTimeOffset? NextTry);

/// <summary>A message in the queue.</summary>
/// <param name="Id">Its queue id.</param>
/// <param name="Received">When it was accepted.</param>
/// <param name="AgeSeconds">How long ago that was.</param>
/// <param name="Size">Its size in octets, as it was received.</param>
/// <param name="Sender">The envelope sender; empty for null.</param>
/// <param name="Reason">Why it waits: of its copies, what most needs somebody.</param>
/// <param name="Error">Why the last try failed; empty where none did.</param>
/// <param name="Tries">The most failed tries of a copy.</param>
/// <param name="NextTry">The first next try of a copy; null where nothing has failed.</param>
/// <param name="Copies">Its copies, one a mailbox.</param>
internal sealed record QueueLine(
    string Id, DateTimeOffset Received, long AgeSeconds, long Size, string Sender, string Reason, string Error, int Tries,
    DateTimeOffset? NextTry, IReadOnlyList<CopyLine> Copies);

/// <summary>A deleted message.</summary>
/// <param name="Id">Its queue id.</param>
/// <param name="Deleted">When it was deleted.</param>
/// <param name="Received">When it was accepted.</param>
/// <param name="Size">Its size in octets.</param>
/// <param name="Sender">The envelope sender; empty for null.</param>
/// <param name="Recipients">Its recipients.</param>
internal sealed record DeletedLine(
    string Id, DateTimeOffset Deleted, DateTimeOffset Received, long Size, string Sender, IReadOnlyList<string> Recipients);

/// <summary>What became of a message that was to be changed.</summary>
/// <param name="Id">Its queue id.</param>
/// <param name="Result">One word: <c>done</c>, <c>unchanged</c>, <c>not-found</c>, <c>delivered</c>, <c>busy</c>, <c>failed</c>,
/// <c>trying</c>, <c>held</c>.</param>
/// <param name="Detail">The error, or what is to be known besides.</param>
internal sealed record DoneLine(string Id, string Result, string Detail);

/// <summary>One line of an answer on the control socket; exactly one of its parts is there.</summary>
internal sealed record QueueReply
{
    public QueueLine? Line { get; init; }

    public DeletedLine? Deleted { get; init; }

    public DoneLine? Done { get; init; }

    /// <summary>A piece of the mail.</summary>
    public byte[]? Octets { get; init; }

    /// <summary>What came of a reload.</summary>
    public ReloadReport? Reload { get; init; }

    /// <summary>Why there is no answer.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the answer is complete; without it the server has ended in the middle.</summary>
    public bool IsEnd { get; init; }
}

/// <summary>JSON of the control socket and of <c>queue --json</c>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(QueueRequest))]
[JsonSerializable(typeof(QueueReply))]
[JsonSerializable(typeof(QueueLine))]
[JsonSerializable(typeof(DeletedLine))]
[JsonSerializable(typeof(DoneLine))]
[JsonSerializable(typeof(ReloadReport))]
internal sealed partial class QueueJson : JsonSerializerContext;
