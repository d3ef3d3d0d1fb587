using System.Text;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>
/// People quote, forward and talk about what servers and vacation programs say: no sentence of the tables turns their own mail into
/// such a message.
/// </summary>
public sealed class PersonMailTests
{
    // Fields that a person's program writes and no automatic answer has; the last is a web page, which writes none but a telling
    // Message-ID.
    private static readonly string[] _programs =
    [
        "Message-ID: <6f0c1b5e-0b0f-4c53-a6f3-1b8f9f6f6c11@example.net>\nUser-Agent: Mozilla Thunderbird\nContent-Language: en-US\n",
        "Message-Id: <5B0E7C1A-52F7-4B8C-9D0B-7B0D3C1E5A77@example.net>\nX-Mailer: Apple Mail (2.3826.200.121)\n",
        "Message-ID: <000001db3f21$5b2f0c10$118d2430$@example.net>\nX-Mailer: Microsoft Outlook 16.0\nThread-Index: "
            + "AQHbPyE1Wm9yZ2FuaXphdGlvbg==\nContent-Language: en-us\n",
        "Message-ID: <CAF3nX2h7q0cJ0v1n9W8sZb4kR5yT6uE2pL1mD3fG7hJ9kQ0wXA@mail.gmail.com>\n",
    ];

    public static TheoryData<string> Places => ["subject", "body", "subject and body", "answer"];

    [Theory]
    [MemberData(nameof(Places))]
    public void No_sentence_of_the_tables_makes_a_persons_mail_automatic(string place)
    {
        var rows = TableFile.Read("wording.tsv");
        var misjudged = rows.Select(row => (Row: row, Said: Misjudged(place, row[^1]))).Where(r => r.Said.Count > 0).ToList();
        var lines = misjudged.Select(m => $"{m.Row[0]} {m.Row[2]} \"{m.Row[^1]}\", {string.Join(", ", m.Said)}");
        Assert.True(
            misjudged.Count == 0, $"{misjudged.Count} of {rows.Count} sentences are misjudged\n{string.Join('\n', lines)}");
    }

    private static List<string> Misjudged(string place, string sentence) =>
    [
        .. _programs
            .Select((program, i) =>
            (Said: WantedMailTests.Misjudged(BounceClassifier.Classify(Mail(place, sentence, program), nullReversePath: false)), Index: i))
            .Where(p => p.Said is not null)
            .Select(p => $"program {p.Index}: {p.Said![..p.Said!.IndexOf(',', StringComparison.Ordinal)]}"),
    ];

    private static byte[] Mail(string place, string sentence, string program)
    {
        var isAnswer = place == "answer";
        var inSubject = isAnswer || place.Contains("subject", StringComparison.Ordinal);
        var inBody = isAnswer || place.Contains("body", StringComparison.Ordinal);
        var subject = inSubject
            ? $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes((isAnswer ? "Re: " : "") + sentence))}?="
            : "Saturday";
        var answer = isAnswer ? "In-Reply-To: <sent@example.org>\nReferences: <sent@example.org>\n" : "";
        var quoted = inBody ? $"{(isAnswer ? "> " : "")}{sentence}\n\n" : "";
        return Encoding.UTF8.GetBytes(
            $"Return-Path: <otto@example.net>\nFrom: Otto Lind <otto@example.net>\nTo: Me <me@example.org>\nSubject: {subject}\nDate: "
                + $"Tue, 24 Nov 2026 08:03:03 +0000\n{program}{answer}MIME-Version: 1.0\n"
            + $"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nHi Anna,\n\n{quoted}That is all I know. "
            + $"See you on Saturday at the lake.\n\nOtto\n");
    }
}
