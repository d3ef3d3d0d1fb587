using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter.Campaigns;

/// <summary>The campaign that a report belongs to.</summary>
/// <param name="Shape">Equal for all reports of a campaign.</param>
/// <param name="Label">Its name for people: the subject that this report returns.</param>
public readonly record struct CampaignKey(string Shape, string Label)
{
    /// <summary>
    /// Returns the campaign of a report: by the returned subject, or the one that an auto-reply repeats; otherwise by
    /// its kind and own subject.
    /// </summary>
    /// <param name="report">A classified message that is not ordinary mail.</param>
    public static CampaignKey Of(BounceReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Returned.Subject is { Length: > 0 } returned && SubjectShape.Of(returned) is { Length: > 0 } shape)
        {
            return new(shape, returned);
        }

        var own = SubjectShape.Of(report.Subject);

        // An auto-reply repeats the subject behind its own prefix; other reports have a subject of their own, the same
        // for all victims.
        return report.Kind == MailKind.AutoReply && own.Length > 0
            && SubjectShape.WithoutPrefixes(report.Subject).Length < report.Subject.Trim().Length
            ? new(own, SubjectShape.WithoutPrefixes(report.Subject).ToString())
            : new($"{report.Kind.Word()}: {own}", report.Subject.Length > 0 ? report.Subject : $"({report.Kind.Word()} without a subject)");
    }
}
