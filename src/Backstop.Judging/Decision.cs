using System.Net;
using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>What became of a message, as the charts count it.</summary>
internal enum Outcome
{
    /// <summary>In the inbox, from a sender.</summary>
    Delivered,

    /// <summary>In the inbox: a report that proves itself, or another message of the null sender.</summary>
    DeliveredReport,

    /// <summary>Beside the inbox.</summary>
    Filed,

    /// <summary>Refused for good before its data.</summary>
    RefusedEarly,

    /// <summary>Refused for good at the end of its data.</summary>
    RefusedAtData,

    /// <summary>Put off.</summary>
    Deferred,
}

/// <summary>One decision, as it can be searched. Texts are made when somebody looks.</summary>
/// <param name="At">When.</param>
/// <param name="Client">The client.</param>
/// <param name="From">The reverse-path; null before MAIL.</param>
/// <param name="To">The forward-path; null for none.</param>
/// <param name="Stage">connect, mail, rcpt or data; accept where it was taken.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">The reason word.</param>
/// <param name="Folder">Where it lies; empty where it was not taken.</param>
/// <param name="QueueId">Its id here; empty where it was not taken.</param>
/// <param name="Subject">Its subject; empty where it was not seen.</param>
internal sealed record Decision(
    DateTimeOffset At, IPAddress Client, ReversePath? From, MailAddress? To, string Stage, Outcome Outcome, string Reason, string Folder, string QueueId, string Subject)
{
    /// <summary>Whether a text occurs in it.</summary>
    public bool Has(string text) =>
        Reason.Contains(text, StringComparison.OrdinalIgnoreCase) || Subject.Contains(text, StringComparison.OrdinalIgnoreCase)
        || From?.ToString().Contains(text, StringComparison.OrdinalIgnoreCase) == true
        || To?.ToString().Contains(text, StringComparison.OrdinalIgnoreCase) == true
        || Client.ToString().Contains(text, StringComparison.Ordinal) || QueueId == text;
}
