using Backstop.Backscatter;
using Backstop.Backscatter.Bounces;
using Backstop.Judging.Explain;

namespace Backstop.Explain;

/// <summary>Says the reason in one sentence, for a reader who does not know what a null reverse-path is.</summary>
internal static class ExplanationSentence
{
    public static string Of(Explanation e) => e.Kind switch
    {
        "none" when e.Format == "fake-bounce" => "It looks like a bounce but is not one: it returns nothing. Filed.",
        "none" when e.HeaderDamage is { IsCut: true } damage =>
            $"Ordinary mail. Its header ends at line {damage.Line}, which is not a field; the rest is read as text. Delivered.",
        "none" => "Ordinary mail. Delivered.",
        _ => $"{What(e)} {Why(e)}",
    };

    private static string What(Explanation e) => e.Kind switch
    {
        "bounce" => "A bounce: a server says that mail could not be delivered.",
        "delay" => "A delay notice: a server says that mail is late.",
        "success-report" => "A delivery receipt: a server says that mail arrived.",
        "autoreply" => "An automatic answer.",
        "challenge" => "A challenge: somebody's filter asks you to prove that you are human.",
        "virus-notice" => "A scanner's notice about a virus or forbidden content.",
        "feedback-report" => "A complaint about mail.",
        "mdn" => "A read receipt.",
        _ => e.Kind,
    };

    private static string Why(Explanation e) => (e.Verdict, e.Origin) switch
    {
        ("deliver", "ours") => $"You sent the mail that it answers: {Proof(e, "pass")}. Delivered.",
        ("deliver", _) when !e.IsCertain => "Its text reads like one, but nothing shows that a machine wrote it. Delivered.",
        ("deliver", _) when MailKindWord.Parse(e.Kind) is { } kind && e.Because == Reasons.OwnServer(kind) =>
            "Your own server reports to its administrator. Delivered.",
        ("deliver", _) => "This kind is not part of a flood. Delivered.",
        ("refuse", "not-ours") => $"It claims to answer mail of yours, but does not: {Proof(e, "fail")}. Refused.",
        ("refuse", _) => "Nothing shows that you sent the mail it answers, although your sent mail is well known. Refused.",
        _ when e.Because == Reasons.JournalLost =>
            "Nothing shows that you sent the mail it answers, and the journal of your sent mail was lost lately. Filed, not refused.",
        _ => "Nothing shows that you sent the mail it answers. Filed, not refused.",
    };

    private static string Proof(Explanation e, string result) =>
        e.Proofs.FirstOrDefault(p => p.Result == result) is { } proof ? $"{proof.Detail} ({proof.Proof})" : e.Reason;
}
