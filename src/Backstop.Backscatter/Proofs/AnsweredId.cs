using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter.Proofs;

/// <summary>A Message-ID of what a report answers.</summary>
/// <remarks>
/// Either proves where the journal knows it or our signature is in it: who can write it into In-Reply-To could return it as well.
/// Only the returned message's own refutes. A thread names mail of many people and of last year, and servers copy it from what they
/// answer.
/// </remarks>
/// <param name="Id">Without brackets.</param>
/// <param name="IsReturned">Whether it is the returned message's own; else In-Reply-To or References gives it.</param>
internal readonly record struct AnsweredId(string Id, bool IsReturned)
{
    /// <summary>All that a report gives, each once, the returned message's first.</summary>
    public static List<AnsweredId> Of(BounceReport report)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var ids = new List<AnsweredId>();
        if (report.Returned.MessageId is { } returned && seen.Add(returned))
        {
            ids.Add(new(returned, true));
        }

        ids.AddRange(report.References.Where(seen.Add).Select(id => new AnsweredId(id, false)));
        return ids;
    }

    /// <summary>The id and where it stands, for people.</summary>
    public override string ToString() => IsReturned ? Id : $"{Id} in In-Reply-To or References";
}
