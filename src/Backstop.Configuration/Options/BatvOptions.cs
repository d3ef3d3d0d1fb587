using Backstop.Backscatter.Proofs;
using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>Envelope tags (BATV): they prove that a bounce is ours before any of its content is read.</summary>
internal sealed class BatvOptions
{
    /// <summary>
    /// The file with the keys, made by <c>backstop batv new-key</c>; the first key signs. Default: <c>batv.keys</c> in
    /// the data folder, if it exists.
    /// </summary>
    public string Keys { get; set; } = "";

    /// <summary>How many days a tag is valid. Default 7.</summary>
    [Bounds(1, 60)]
    public int LifetimeDays { get; set; } = 7;

    /// <summary>
    /// The form of a signed address: <c>prefix</c> is <c>prvs=TAG=me@example.org</c>, which every server knows;
    /// <c>detail</c> is <c>me+prvs=TAG@example.org</c>, which a server with <c>recipient_delimiter = +</c> delivers
    /// without further settings. Both are always accepted. Default prefix.
    /// </summary>
    public BatvForm Form { get; set; } = BatvForm.Prefix;

    /// <summary>
    /// Addresses whose mail is always signed: a bounce to one of them without a tag is refused. Default: none.
    /// </summary>
    public IReadOnlyList<string> AlwaysSigned { get; set; } = [];

    internal void Check(IConfigProblems problems, OutboundOptions outbound)
    {
        problems.CheckFile("batv.keys", Keys);
        foreach (var address in AlwaysSigned)
        {
            if (MailAddress.TryParse(address) is null)
            {
                problems.Add("batv.always_signed", $"\"{address}\" is not an address; write one such as \"me@example.org\"");
            }
        }

        CheckAgainst(problems, outbound);
    }

    // A bounce to an address that always signs is refused without a tag: then no mail of it may leave without one.
    private void CheckAgainst(IConfigProblems problems, OutboundOptions outbound)
    {
        if (AlwaysSigned.Count > 0 && outbound.UnsignedTo.Count > 0)
        {
            problems.Add(
                "batv.always_signed",
                "bounces of the mail that outbound.unsigned_to sends without a tag would be refused; take out one of the two");
        }

        var unsigned = new AddressList(outbound.UnsignedFrom);
        foreach (var address in AlwaysSigned.Where(a => MailAddress.TryParse(a) is { } parsed && unsigned.Has(parsed)))
        {
            problems.Add("batv.always_signed", $"\"{address}\" is in outbound.unsigned_from too, so its bounces would be refused");
        }
    }
}
