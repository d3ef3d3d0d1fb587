using Backstop.Backscatter.Proofs;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Configuration.Options;

/// <summary>What happens to bounces without proof.</summary>
internal sealed class BackscatterOptions
{
    /// <summary>
    /// <c>file</c> puts them into the folder Backscatter; <c>refuse</c> refuses them; <c>auto</c> files them until
    /// enough of the address's sent mail is known, then refuses them. Default auto.
    /// </summary>
    public UnprovedPolicy Unproved { get; set; } = UnprovedPolicy.Auto;

    /// <summary>How long the journal must have known an address's sent mail before auto refuses. Default 14d.</summary>
    [Bounds("0s", "365d")]
    public TimeSpan CoverAge { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How many of its messages must be in the journal before auto refuses. Default 20.</summary>
    [Bounds(0, 1_000_000)]
    public int CoverMessages { get; set; } = 20;

    /// <summary>
    /// Before auto refuses, at least this percentage of the replies to the address's mail must be replies to mail in
    /// the journal: other replies show that some mail is sent without Backstop seeing it. Default 90.
    /// </summary>
    [Bounds(0, 100)]
    public int CoverPercent { get; set; } = 90;

    /// <summary>How long after sending a signed Message-ID or our DKIM signature counts as proof. Default 30d.</summary>
    [Bounds("1d", "365d")]
    public TimeSpan ProofWindow { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Our hosts that send mail: a bounce whose returned message names one of them in Received is filed, not refused.
    /// Default: this host.
    /// </summary>
    public IReadOnlyList<string> OwnHosts { get; set; } = [];

    /// <summary>
    /// Header fields that only your mail carries: a bounce that returns one is delivered. <c>X-Campaign-Id</c>, or with
    /// the beginning of its value, <c>X-Campaign-Id: s3cret-</c>, which is harder to guess. Weak: anybody who has one
    /// mail of yours can write the field. Default: none.
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
