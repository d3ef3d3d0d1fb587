using System.Net;
using Backstop.Backscatter;
using Backstop.Mail;

namespace Backstop.Judging.Filters;

/// <summary>A message to scan, and its envelope.</summary>
/// <param name="Content">The message as it was received.</param>
/// <param name="TraceFields">Return-Path and Received, for filters that read them.</param>
/// <param name="Client">The IP address of the client.</param>
/// <param name="ClientName">The client's name in DNS; empty where there is none or it is not known.</param>
/// <param name="Helo">The name that the client gave in HELO or EHLO.</param>
/// <param name="ReversePath">The envelope sender without brackets.</param>
/// <param name="Recipients">The envelope recipients.</param>
/// <param name="Budget">The CPU time that is left for the message.</param>
internal sealed record FilterQuestion(
    ReadOnlyMemory<byte> Content, ReadOnlyMemory<byte> TraceFields, IPAddress Client, string ClientName, string Helo,
    string ReversePath, IReadOnlyList<string> Recipients,
    MessageBudget Budget)
{
    /// <summary>The addresses of the mailboxes that get the message, each once.</summary>
    public IReadOnlyList<string> Mailboxes { get; init; } = [];

    /// <summary>Returns the message with the trace fields before it.</summary>
    public byte[] Traced() => [.. TraceFields.Span, .. Content.Span];
}

/// <summary>The answer of a filter.</summary>
/// <param name="Reason">Why the message is spam; null where it is not.</param>
/// <param name="Fields">Header fields to add before the message, each with its line end (LF).</param>
internal readonly record struct FilterVerdict(Reason? Reason, string Fields)
{
    /// <summary>Whether the message's CPU time was used up, so that this does not count as an answer.</summary>
    public bool IsUnjudged { get; init; }

    /// <summary>Whether the message is filed as spam.</summary>
    public bool IsSpam => Reason is not null;
}

/// <summary>
/// Scans messages. It may fail in any way and take any time: <see cref="LimitedFilter"/> handles that.
/// </summary>
internal interface IMessageFilter
{
    /// <summary>The name for log and metrics.</summary>
    string Name { get; }

    /// <summary>Whether it can be asked; one by rules takes a second or two after the start.</summary>
    bool IsReady => true;

    Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct);
}

/// <summary>Thrown where a filter gives no usable answer.</summary>
internal sealed class FilterException(string message) : IOException(message);
