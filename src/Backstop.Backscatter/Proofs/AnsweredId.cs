using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter.Proofs;

/// <summary>A Message-ID that a report answers or returns.</summary>
/// <remarks>
/// It proves if it is in the journal or has our signature: whoever can write it into In-Reply-To could return it as
/// well. Only the returned message's own id refutes, because a thread contains ids of many people and of last year, and
/// servers copy them.
/// </remarks>
/// <param name="Id">Without brackets.</param>
/// <param name="IsReturned">Whether it is the returned message's own; otherwise it is from In-Reply-To or
/// References.</param>
internal readonly record struct AnsweredId(string Id, bool IsReturned)
{
    /// <summary>Returns all ids in a report, each once, the returned message's first.</summary>
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

    /// <summary>Returns the id and where it was found, for people.</summary>
    public override string ToString() => IsReturned ? Id : $"{Id} in In-Reply-To or References";
}
