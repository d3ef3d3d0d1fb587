using Backstop.Backscatter;
using Backstop.Clean;
using Backstop.Judging;

namespace Backstop.Manual;

/// <summary>The manual page of the reasons, from the tables of reasons.</summary>
internal static class ReasonsPage
{
    /// <summary>Returns the page.</summary>
    public static string Text()
    {
        var page = new Roff("backstop-reasons", 7, "why backstop refused, filed or delivered a message")
            .Heading("DESCRIPTION")
            .Paragraph(
                "Every decision has one word, the same in the SMTP reply, the log, the metrics, the X-Backstop field, the dashboard and "
                + "backstop explain.");
        List(page, "What a message is and proves", Reasons.All);
        foreach (var (stage, reasons) in ServerReasons.ByStage)
        {
            List(page, $"In the session: {stage}", reasons);
        }

        List(page, "Why clean leaves a message alone", Doubts.All);
        return page.Heading("SEE ALSO").Paragraph("backstop(1), backstop-explain(1)").ToString();
    }

    private static void List(Roff page, string title, IEnumerable<Reason> reasons)
    {
        page.Heading(title.ToUpperInvariant());
        foreach (var reason in reasons)
        {
            page.Entry(reason.Word, "", $"{reason.Meaning} {reason.Advice}".TrimEnd());
        }
    }
}
