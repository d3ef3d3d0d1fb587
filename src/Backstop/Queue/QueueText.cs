using System.Globalization;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Server.Control;

namespace Backstop.Queue;

/// <summary>Writes what the queue answers for people.</summary>
internal static class QueueText
{
    private const int MaxError = 300;

    /// <summary>Returns the lines of a message in a list: one, and one more for each copy that fails.</summary>
    public static string Of(QueueLine line)
    {
        var to = line.Copies.SelectMany(Names).Distinct(StringComparer.Ordinal).ToList();
        var more = to.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $" and {to.Count - 1} more") : "";
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"{line.Id}  {Ages.Of(TimeSpan.FromSeconds(line.AgeSeconds)),5}  {Size(line.Size),6}  {line.Reason,-20}  "
                + $"from {Shown(Sender(line.Sender))}  to {Shown(to.FirstOrDefault() ?? "")}{more}");
        return head + string.Concat(line.Copies.Where(c => c.Error.Length > 0).Select(c => "\n    " + Failure(c)));
    }

    /// <summary>Returns all that is known of a message.</summary>
    public static string Whole(QueueLine line)
    {
        var age = Ages.Of(TimeSpan.FromSeconds(line.AgeSeconds));
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"id        {line.Id}\nreceived  {line.Received.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, {age} ago\n"
                + $"size      {line.Size} octets\nsender    {Shown(Sender(line.Sender))}\nreason    {line.Reason}{Meaning(line.Reason)}");
        foreach (var copy in line.Copies)
        {
            text += $"\ncopy      to {Shown(string.Join(", ", Names(copy)))}\n          {Shown(copy.Folder)} of {Shown(copy.Path)}\n"
                + $"          {(copy.Error.Length > 0 ? Failure(copy) : copy.Reason)}";
        }

        return text;
    }

    /// <summary>Returns the line of a deleted message.</summary>
    public static string Of(DeletedLine line) => string.Create(
        CultureInfo.InvariantCulture,
        $"{line.Id}  deleted {line.Deleted.UtcDateTime:yyyy-MM-dd HH:mm}  {Size(line.Size),6}  from {Shown(Sender(line.Sender))}  "
            + $"to {Shown(string.Join(", ", line.Recipients.Take(3)))}{(line.Recipients.Count > 3 ? ", ..." : "")}");

    /// <summary>Returns the line that says what became of a message.</summary>
    public static string Of(DoneLine line, string verb) =>
        $"{Shown(line.Id)}  {(line.Result == "done" ? Past(verb) : line.Result)}{(line.Detail.Length > 0 ? ": " : "")}{Shown(line.Detail)}";

    private static string Past(string verb) => verb switch
    {
        QueueVerbs.Hold => "on hold",
        QueueVerbs.Release => "released",
        QueueVerbs.Redirect => "redirected",
        QueueVerbs.Delete => "deleted",
        QueueVerbs.Restore => "restored",
        _ => "done",
    };

    private static string Meaning(string word) => ServerReasons.Find(word) is { } reason
        ? $": {reason.Meaning}{(reason.Advice.Length > 0 ? $"\nnext      {reason.Advice}" : "")}"
        : "";

    private static IEnumerable<string> Names(CopyLine copy) =>
        copy.Recipients.Count > 0 ? copy.Recipients : [copy.Mailbox ?? copy.Path];

    private static string Failure(CopyLine copy)
    {
        var next = copy.NextTry is { } at ? $", next {at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}Z" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Shown(copy.Mailbox ?? copy.Path)} {Shown(copy.Folder)}: {ShownText.Of(copy.Error, MaxError)}; {copy.Tries} tries{next}");
    }

    private static string Sender(string sender) => sender.Length > 0 ? sender : "<>";

    private static string Shown(string text) => ShownText.Of(text, MaxError);

    private static string Size(long octets) => octets switch
    {
        < 10_000 => octets.ToString(CultureInfo.InvariantCulture),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{octets / 1000}k"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{octets / 1_000_000}M"),
    };
}
