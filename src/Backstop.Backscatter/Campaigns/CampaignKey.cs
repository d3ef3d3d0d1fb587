using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter.Campaigns;

/// <summary>Which campaign a report belongs to.</summary>
/// <param name="Shape">The same for all of one campaign.</param>
/// <param name="Label">What to call it: the returned subject of this one.</param>
public readonly record struct CampaignKey(string Shape, string Label)
{
    /// <summary>Reads it: the subject that came back, or that an answer repeats; else the kind and its own subject.</summary>
    /// <param name="report">The report.</param>
    public static CampaignKey Of(BounceReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Returned.Subject is { Length: > 0 } returned && SubjectShape.Of(returned) is { Length: > 0 } shape)
        {
            return new(shape, returned);
        }

        var own = SubjectShape.Of(report.Subject);

        // An answering machine repeats the subject behind a mark of its own; other reports have a subject of their own, the same
        // for all victims.
        return report.Kind == MailKind.AutoReply && own.Length > 0
            && SubjectShape.WithoutPrefixes(report.Subject).Length < report.Subject.Trim().Length
            ? new(own, SubjectShape.WithoutPrefixes(report.Subject).ToString())
            : new($"{report.Kind.Word()}: {own}", report.Subject.Length > 0 ? report.Subject : $"({report.Kind.Word()} without a subject)");
    }
}
