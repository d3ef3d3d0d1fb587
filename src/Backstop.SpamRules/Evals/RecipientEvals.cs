using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>Signs that the recipients come from a list of addresses: sorted, alike, named in the subject (Plugin/HeaderEval.pm).</summary>
internal static class RecipientEvals
{
    private const int SortedCount = 7;
    private const int SimilarCount = 5;
    private const int SimilarLength = 2;
    private const int MaxAddresses = 256;

    private static readonly PerlRegex _host = new("@(.*)");

    public static void Register(EvalTable table)
    {
        table.Add(
            "sorted_recipients",
            static (scan, _) => Recipients(scan) is { Count: >= SortedCount } list && list.SequenceEqual(
                list.Order(StringComparer.Ordinal)));
        table.Add("similar_recipients", static (scan, arguments) => arguments.HoldsBelow(Similarity(scan), 0, 1));
        table.Add("check_for_to_in_subject", static (scan, arguments) => IsInSubject(scan, arguments[0]));
    }

    private static List<string> Recipients(MessageScan scan) => scan.Remember("recipients", () =>
    {
        var all = scan.Headers.All("ToCc:addr");
        all = all.Count >= SimilarCount ? all : [.. all, .. scan.Headers.All("Bcc:addr")];
        var distinct = new List<string>();
        foreach (var address in all.TakeWhile(_ => distinct.Count < MaxAddresses))
        {
            if (distinct.Count == 0 || !address.Equals(distinct[^1], StringComparison.OrdinalIgnoreCase))
            {
                distinct.Add(address);
            }
        }

        return distinct;
    });

    /// <summary>The share of all pairs of recipients that begin alike.</summary>
    private static double Similarity(MessageScan scan) => scan.Remember("similarity", () =>
    {
        var list = Recipients(scan);
        if (list.Count < SimilarCount)
        {
            return 0.0;
        }

        static string Head(string text) => text.Length <= SimilarLength ? text : text[..SimilarLength];
        var users = list.ConvertAll(Head);
        var hosts = list.ConvertAll(a => _host.Match(a) is { Success: true } match ? match.Groups[1].Value : "");
        var hostHeads = hosts.ConvertAll(Head);
        int hits = 0, pairs = 0;
        for (var i = 0; i < list.Count; i++)
        {
            for (var j = i + 1; j < list.Count; j++)
            {
                hits += users[i] == users[j] ? 1 : 0;
                hits += hostHeads[i] == hostHeads[j] && hosts[i] != hosts[j] ? 1 : 0;
                pairs++;
            }
        }

        return hits / (double)pairs;
    });

    private static bool IsInSubject(MessageScan scan, string? what)
    {
        var address = scan.Headers.One("To:addr");
        var subject = scan.Headers.One("Subject");
        if (address.Length == 0)
        {
            return false;
        }

        if (what == "address")
        {
            return PerlText.Places(subject, address)
                .Any(at => PerlText.IsBoundary(subject, at) && PerlText.IsBoundary(subject, at + address.Length));
        }

        return what == "user" && IsAddressed(subject, address.Split('@')[0]);
    }

    // "user", "Re: user", "Re: word user", "user, ..." (in the case of the address), ", user;"
    private static bool IsAddressed(string subject, string user)
    {
        bool Ends(int at) => At(at, StringComparison.OrdinalIgnoreCase) && PerlText.IsEnd(subject, at + user.Length);
        bool At(int at, StringComparison comparison) => subject.AsSpan(at).StartsWith(user, comparison);
        if (Ends(0))
        {
            return true;
        }

        if (At(0, StringComparison.Ordinal) && PerlText.SkipSpace(subject, user.Length) is var mark && mark < subject.Length
            && IsMark(subject[mark])
            && (mark + 1 == subject.Length || PerlSpace.Is(subject[mark + 1])))
        {
            return true;
        }

        if (subject.StartsWith(',') && PerlText.SkipSpace(subject, 1) is var start && At(start, StringComparison.OrdinalIgnoreCase)
            && start + user.Length is var end && end < subject.Length && IsMark(subject[end]) && PerlText.IsEnd(subject, end + 1))
        {
            return true;
        }

        if (!subject.StartsWith("re:", StringComparison.OrdinalIgnoreCase)
            && !subject.StartsWith("fw:", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var first = PerlText.SkipSpace(subject, 3);
        var word = first;
        while (word < subject.Length && PerlText.IsWord(subject[word]))
        {
            word++;
        }

        return Ends(first) || (word > first && PerlText.SkipSpace(subject, word) is var second && second > word && Ends(second));
    }

    private static bool IsMark(char c) => c is ',' or ':' or ';' or '!' or '?' or '-';
}
