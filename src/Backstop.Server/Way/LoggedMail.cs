using Backstop.Judging;
using Backstop.Judging.Rules;

namespace Backstop.Server.Way;

/// <summary>What the log says of an accepted message, whoever keeps it.</summary>
internal static class LoggedMail
{
    /// <summary>How many recipients a line names; further ones get lines of their own, so that no line is too long for journald.</summary>
    public const int RecipientsPerLine = 20;

    private const int MaxMessageId = 200;

    /// <summary>Returns its Message-ID as one word in angle brackets, cut where it is very long.</summary>
    public static string MessageId(Judgement judgement)
    {
        var id = judgement.MessageId ?? "";
        return string.Create(
            Math.Min(id.Length, MaxMessageId) + 2, id, static (word, text) =>
            {
                (word[0], word[^1]) = ('<', '>');
                text.AsSpan(0, word.Length - 2).CopyTo(word[1..]);
                foreach (ref var c in word[1..^1])
                {
                    // A line is read by programs, word by word: the sender's text must not look like words of ours.
                    c = char.IsWhiteSpace(c) || char.IsControl(c) || c is '<' or '>' ? '_' : c;
                }
            });
    }

    /// <summary>Returns the recipients who get it, as many as a line names.</summary>
    public static string To(IReadOnlyList<AcceptedRecipient> recipients) =>
        recipients.Count == 1 ? $"<{recipients[0].ForwardPath}>" : To(recipients, 0);

    /// <summary>Returns the recipients that the first line does not name, for one line each.</summary>
    public static IEnumerable<string> Further(IReadOnlyList<AcceptedRecipient> recipients)
    {
        for (var first = RecipientsPerLine; first < recipients.Count; first += RecipientsPerLine)
        {
            yield return To(recipients, first);
        }
    }

    private static string To(IReadOnlyList<AcceptedRecipient> recipients, int first) =>
        string.Join(',', recipients.Skip(first).Take(RecipientsPerLine).Select(r => $"<{r.ForwardPath}>"));
}
