using System.Net;
using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>The outcome of a message, as the charts count it.</summary>
internal enum Outcome
{
    /// <summary>Delivered to the inbox, from a sender.</summary>
    Delivered,

    /// <summary>Delivered to the inbox: a proved report, or another message of the null sender.</summary>
    DeliveredReport,

    /// <summary>Delivered to another folder.</summary>
    Filed,

    /// <summary>Refused for good before its data.</summary>
    RefusedEarly,

    /// <summary>Refused for good at the end of its data.</summary>
    RefusedAtData,

    /// <summary>Refused for now.</summary>
    Deferred,
}

/// <summary>One decision, as the dashboard can search for it. Texts are made only on display.</summary>
/// <param name="At">The time.</param>
/// <param name="Client">The address of the connected host.</param>
/// <param name="From">The reverse-path; null before MAIL.</param>
/// <param name="To">The forward-path; null if there is none.</param>
/// <param name="Stage">connect, mail, rcpt or data; accept if the message was accepted.</param>
/// <param name="Outcome">What became of the message or the connection.</param>
/// <param name="Reason">The reason word.</param>
/// <param name="Folder">The folder; empty if the message was not accepted.</param>
/// <param name="QueueId">Its queue id; empty if it was not accepted.</param>
/// <param name="Subject">Its subject; empty if it was not seen.</param>
internal sealed record Decision(
    DateTimeOffset At, IPAddress Client, ReversePath? From, MailAddress? To, string Stage, Outcome Outcome,
    string Reason, string Folder, string QueueId, string Subject)
{
    /// <summary>Whether the decision contains a text.</summary>
    public bool Has(string text) =>
        Reason.Contains(text, StringComparison.OrdinalIgnoreCase) || Subject.Contains(text, StringComparison.OrdinalIgnoreCase)
        || From?.ToString().Contains(text, StringComparison.OrdinalIgnoreCase) == true
        || To?.ToString().Contains(text, StringComparison.OrdinalIgnoreCase) == true
        || Client.ToString().Contains(text, StringComparison.Ordinal) || QueueId == text;
}
