namespace Backstop.Server.Control;

/// <summary>Which messages of the queue are meant: those that fit everything that is given.</summary>
internal sealed record QueueFilter
{
    private const string ReasonPrefix = "queue:";

    /// <summary>A recipient or mailbox, or <c>@domain</c>; empty for any.</summary>
    public string To { get; set; } = "";

    /// <summary>The sender, <c>@domain</c>, or <c>&lt;&gt;</c> for the null sender; empty for any.</summary>
    public string From { get; set; } = "";

    /// <summary>A word of docs/reasons.md, with or without <c>queue:</c>; empty for any.</summary>
    public string Reason { get; set; } = "";

    /// <summary>The least age in seconds.</summary>
    public double OlderThan { get; set; }

    /// <summary>Whether nothing is given, so that all messages are meant.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => To.Length + From.Length + Reason.Length == 0 && OlderThan == 0;

    /// <summary>The filter as a log shows it.</summary>
    public override string ToString() =>
        IsEmpty ? "any" : FormattableString.Invariant($"to={To} from={From} reason={Reason} older={OlderThan}s");

    /// <summary>Whether a message is meant.</summary>
    public bool Fits(QueueLine line) =>
        line.AgeSeconds >= OlderThan
        && (Reason.Length == 0 || line.Reason == Reason || line.Reason == ReasonPrefix + Reason)
        && (From.Length == 0 || (From == "<>" ? line.Sender.Length == 0 : IsOf(line.Sender, From)))
        && (To.Length == 0 || line.Copies.Any(c => IsOf(c.Mailbox ?? "", To) || c.Recipients.Any(r => IsOf(r, To))));

    /// <summary>Whether an address is the one that was given, or in the domain that was given. A part of one is not enough: what is
    /// deleted must be what was meant.</summary>
    internal static bool IsOf(string address, string given) =>
        given.StartsWith('@')
            ? address.EndsWith(given, StringComparison.OrdinalIgnoreCase)
            : address.Equals(given, StringComparison.OrdinalIgnoreCase);
}
