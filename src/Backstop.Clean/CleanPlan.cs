using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Clean;

/// <summary>What a mailbox holds, sorted into piles and campaigns, and which messages are to be moved.</summary>
public sealed class CleanPlan
{
    // A forwarding address at a domain causes a few such bounces. A domain that sends more than this many about
    // addresses that were never written to is part of a flood.
    private const int MaxDoubtful = 5;

    private readonly Dictionary<(Pile Pile, string Shape), Campaign> _campaignOf = [];
    private readonly CampaignTable _backscatter = new();
    private readonly CampaignTable _unsure = new();

    private CleanPlan(IReadOnlyList<FoundMail> messages) => Messages = messages;

    /// <summary>All messages, in the order of the mailbox.</summary>
    public IReadOnlyList<FoundMail> Messages { get; }

    /// <summary>
    /// The messages to move where <see cref="CleanOptions.IsApply"/> is set, in the order of the mailbox.
    /// </summary>
    public IReadOnlyList<FoundMail> ToMove { get; private set; } = [];

    /// <summary>The campaigns of backscatter, the largest first.</summary>
    public IReadOnlyList<Campaign> Backscatter => _backscatter.All;

    /// <summary>
    /// The campaigns of which it cannot be told for certain whether they answer sent mail, the largest first.
    /// </summary>
    public IReadOnlyList<Campaign> Unsure => _unsure.All;

    /// <summary>Counts the messages of one pile.</summary>
    public int Count(Pile pile) => Messages.Count(m => m.Finding.Pile == pile);

    /// <summary>Returns the campaign of a message; null unless its pile is backscatter or unsure.</summary>
    /// <param name="mail">A message of this plan.</param>
    public Campaign? CampaignOf(FoundMail mail)
    {
        ArgumentNullException.ThrowIfNull(mail);
        return mail.Finding.Key.Shape is { } shape ? _campaignOf.GetValueOrDefault((mail.Finding.Pile, shape)) : null;
    }

    /// <summary>Groups messages into campaigns, and chooses those that are to be moved.</summary>
    /// <exception cref="CleanException">The options name a campaign that was not found.</exception>
    internal static CleanPlan Make(IReadOnlyList<FoundMail> found, CleanOptions options)
    {
        var plan = new CleanPlan(WithoutFloods(found));
        foreach (var mail in plan.Messages.Where(m => m.Finding.Pile >= Pile.Unsure))
        {
            var (pile, kind, _, key, host, _, _) = mail.Finding;
            plan._campaignOf[(pile, key.Shape)] = (pile == Pile.Unsure ? plan._unsure : plan._backscatter)
                .Add(key, mail.At, kind, host, mail.Name);
        }

        plan._backscatter.NameApart();
        plan._unsure.NameApart();
        var only = plan.Find(options.Only);
        var except = plan.Find(options.Except);
        plan.ToMove = [.. plan.Messages.Where(m => m.At >= options.Since && m.At < options.Until && plan.Goes(m, only, except))];
        return plan;
    }

    // An unsure message is moved only where its campaign is named.
    private bool Goes(FoundMail mail, HashSet<Campaign> only, HashSet<Campaign> except) =>
        mail.Finding.Pile >= Pile.Unsure && CampaignOf(mail) is { } campaign && !except.Contains(campaign)
        && (only.Count == 0 ? mail.Finding.Pile == Pile.Backscatter : only.Contains(campaign));

    private HashSet<Campaign> Find(IReadOnlyList<string> ids)
    {
        var found = new HashSet<Campaign>();
        foreach (var id in ids)
        {
            var those = Backscatter.Concat(Unsure).Where(c => c.Id == id).ToList();
            found.UnionWith(
                those.Count > 0 ? those : throw new CleanException(
                    CleanFailure.Usage, $"{id}: no such campaign in this mailbox; clean without --only and --except lists the campaigns"));
        }

        return found;
    }

    private static IReadOnlyList<FoundMail> WithoutFloods(IReadOnlyList<FoundMail> found)
    {
        var flooded = found.Where(m => m.Finding.Domain is not null).CountBy(m => m.Finding.Domain!)
            .Where(d => d.Value > MaxDoubtful).Select(d => d.Key).ToHashSet(StringComparer.Ordinal);
        return flooded.Count == 0
            ? found
            : [.. found.Select(m => m.Finding.Domain is { } domain && flooded.Contains(domain)
                ? m with { Finding = AsBackscatter(m.Finding) }
                : m)];
    }

    private static Finding AsBackscatter(Finding finding)
    {
        var reason = Reasons.Unproved(MailKindWord.Parse(finding.Kind)!.Value);
        return finding with { Pile = Pile.Backscatter, Reason = reason };
    }

    /// <summary>Whether <paramref name="show"/> asks for this message: by "all", its pile or its campaign.</summary>
    internal bool IsShown(FoundMail mail, IReadOnlyList<string> show) =>
        show.Contains("all", StringComparer.Ordinal) || show.Contains(Piles.Word(mail.Finding.Pile), StringComparer.Ordinal)
        || (mail.Finding.Pile >= Pile.Unsure && show.Contains(CampaignOf(mail)!.Id, StringComparer.Ordinal));
}
