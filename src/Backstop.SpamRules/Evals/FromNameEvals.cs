namespace Backstop.SpamRules.Evals;

/// <summary>Names of senders that show another address (Plugin/FromNameSpoof.pm).</summary>
internal static class FromNameEvals
{
    public static void Register(EvalTable table)
    {
        table.Add("check_fromname_spoof", static (scan, arguments) =>
        {
            var facts = FromNameFacts.Of(scan);
            var check = arguments[0] is { } text and ("0" or "1" or "2") ? text[0] - '0' : scan.Settings.Plugins.FromName.Check;
            return facts.AddressDiffers && check switch { 0 => true, 1 => facts.OwnerDiffers, _ => facts.DomainDiffers };
        });
        table.Add("check_fromname_different", static (scan, _) => FromNameFacts.Of(scan).AddressDiffers);
        table.Add("check_fromname_domain_differ", static (scan, _) => FromNameFacts.Of(scan).DomainDiffers);
        table.Add("check_fromname_owners_differ", static (scan, _) => FromNameFacts.Of(scan).OwnerDiffers);
        table.Add("check_fromname_contains_email", static (scan, _) => FromNameFacts.Of(scan).HasAddress);
        table.Add("check_fromname_equals_to", static (scan, _) => FromNameFacts.Of(scan).IsRecipient);
        table.Add("check_fromname_equals_replyto", static (scan, _) => FromNameFacts.Of(scan).IsReplyTo);
    }
}
