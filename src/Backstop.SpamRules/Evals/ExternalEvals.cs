namespace Backstop.SpamRules.Evals;

/// <summary>
/// Functions whose answer comes from outside the message: SPF, DKIM, DMARC and lists in DNS. The scanner is told their results by
/// name; what nobody answers is false, as with network tests off.
/// </summary>
internal static class ExternalEvals
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "check_for_spf_pass", "check_for_spf_neutral", "check_for_spf_none", "check_for_spf_fail",
        "check_for_spf_softfail", "check_for_spf_permerror",
        "check_for_spf_temperror", "check_for_spf_helo_pass", "check_for_spf_helo_neutral", "check_for_spf_helo_none",
        "check_for_spf_helo_fail",
        "check_for_spf_helo_softfail", "check_for_spf_helo_permerror", "check_for_spf_helo_temperror", "check_for_spf_welcomelist_from",
        "check_for_def_spf_welcomelist_from", "check_for_spf_whitelist_from", "check_for_def_spf_whitelist_from",
        "check_dkim_signed", "check_dkim_valid",
        "check_dkim_valid_author_sig", "check_dkim_valid_envelopefrom", "check_dkim_dependable", "check_dkim_testing",
        "check_dkim_signsome", "check_dkim_signall",
        "check_dkim_adsp", "check_dkim_verified", "check_arc_signed", "check_arc_valid",
        "check_for_dkim_welcomelist_from", "check_for_def_dkim_welcomelist_from",
        "check_for_dkim_whitelist_from", "check_for_def_dkim_whitelist_from", "check_dmarc_pass", "check_dmarc_reject",
        "check_dmarc_quarantine", "check_dmarc_none",
        "check_dmarc_missing",
    ];

    public static void Register(EvalTable table)
    {
        table.Add("check_bayes", static (scan, arguments) => scan.BayesProbability is { } spam
            && (arguments.Number(0) == 0 || spam > arguments.Number(0)) && spam <= (arguments.Number(1) ?? 1));
        foreach (var name in Names)
        {
            table.Add(name, (scan, arguments) => scan.External.GetValueOrDefault(arguments.Rule) || scan.External.GetValueOrDefault(name));
        }
    }
}
