using System.Net;
using Backstop.Backscatter;
using Backstop.Mail;

namespace Backstop.Server.Filters;

/// <summary>A message to judge, and how it came.</summary>
/// <param name="Content">The message as it was received.</param>
/// <param name="TraceFields">Return-Path and Received, for filters that read them there.</param>
/// <param name="Client">The sending host.</param>
/// <param name="ClientName">Its name in DNS; empty where it has none or nobody knows.</param>
/// <param name="Helo">What it called itself.</param>
/// <param name="ReversePath">The envelope sender without brackets.</param>
/// <param name="Recipients">The envelope recipients.</param>
/// <param name="Budget">The CPU time that is left to look at it.</param>
internal sealed record FilterQuestion(
    ReadOnlyMemory<byte> Content, ReadOnlyMemory<byte> TraceFields, IPAddress Client, string ClientName, string Helo, string ReversePath, IReadOnlyList<string> Recipients,
    MessageBudget Budget)
{
    /// <summary>The message with its trace fields in front.</summary>
    public byte[] Traced() => [.. TraceFields.Span, .. Content.Span];
}

/// <summary>What a filter says.</summary>
/// <param name="Reason">Why the message belongs into the folder for spam; null where it does not.</param>
/// <param name="Fields">Header fields to put before it, each with its line end (LF).</param>
internal readonly record struct FilterVerdict(Reason? Reason, string Fields)
{
    /// <summary>The message's CPU budget is used up, so this says nothing.</summary>
    public bool IsUnjudged { get; init; }

    /// <summary>It belongs into the folder for spam.</summary>
    public bool IsSpam => Reason is not null;
}

/// <summary>Judges messages. May fail in any way and take any time: <see cref="GuardedFilter"/> deals with that.</summary>
internal interface IMessageFilter
{
    /// <summary>For log and metrics.</summary>
    string Name { get; }

    Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct);
}

/// <summary>A filter could not say anything.</summary>
internal sealed class FilterException(string message) : IOException(message);
