using System.ComponentModel.DataAnnotations;
using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Configuration.Options;

/// <summary>What happens to bounces that prove nothing.</summary>
internal sealed class BackscatterOptions
{
    /// <summary>
    /// <c>file</c> puts them into the folder Backscatter; <c>refuse</c> refuses them; <c>auto</c> files them until the address's
    /// sent mail is covered, then refuses. Default auto.
    /// </summary>
    public UnprovedPolicy Unproved { get; set; } = UnprovedPolicy.Auto;

    /// <summary>How long an address's sent mail must have been in the journal before auto refuses. Default 14d.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan CoverAge { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How many messages of it must be in the journal before auto refuses. Default 20.</summary>
    [Range(0, 1_000_000)]
    public int CoverMessages { get; set; } = 20;

    /// <summary>
    /// The least part of the answered mail that must be known before auto refuses, in percent: answers to unknown mail show that
    /// some leaves unseen. Default 90.
    /// </summary>
    [Range(0, 100)]
    public int CoverPercent { get; set; } = 90;

    /// <summary>How long after sending a signed Message-ID or our DKIM signature proves. Default 30d.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "365.00:00:00")]
    public TimeSpan ProofWindow { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Hosts of ours that send mail: a returned message that says it passed one is filed, not refused. Default: this host.
    /// </summary>
    public IReadOnlyList<string> OwnHosts { get; set; } = [];

    /// <summary>
    /// Header fields that only your mail carries: a bounce that returns one is delivered. <c>X-Campaign-Id</c>, or with how its value
    /// begins, <c>X-Campaign-Id: s3cret-</c>, which is harder to guess. Weak: whoever has one mail of yours can write it. Default: none.
    /// </summary>
    public IReadOnlyList<string> OwnFields { get; set; } = [];

    internal void Check(IConfigProblems problems)
    {
        foreach (var text in OwnFields)
        {
            if (!OwnField.TryParse(text, out _, out var wrong))
            {
                problems.Add("backscatter.own_fields", wrong);
            }
        }
    }
}
