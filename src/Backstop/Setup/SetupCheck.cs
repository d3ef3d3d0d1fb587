using System.Globalization;
using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.StormGenerator;
using Backstop.Terminal;

namespace Backstop.Setup;

/// <summary>
/// Sends one genuine and two forged bounces through the running server, and reports what became of them.
/// </summary>
internal static class SetupCheck
{
    /// <summary>Sends the bounces and prints one line for each.</summary>
    /// <param name="options">Backstop's configuration, with the keys to sign with.</param>
    /// <param name="config">The file with it.</param>
    /// <param name="server">The loopback address at which the mail server takes mail from the Internet.</param>
    /// <param name="recipient">A mailbox of that server.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>The exit code: 0 where each bounce was treated as it should be, 69 where Backstop does not answer, else 1.</returns>
    public static async Task<int> RunAsync(
        BackstopOptions options, string config, IPEndPoint server, MailAddress recipient, CancellationToken ct)
    {
        var keys = BatvKeyFile.Read(DataPaths.BatvKeys(options));
        var asked = await new SetupProbe(options, keys).AskAsync(ct);
        Show(asked);
        if (asked.Any(r => !r.Answers))
        {
            Console.WriteLine($"      start it: backstop serve --config {ShellWords.Quote(config)}");
            return ExitCode.Unavailable;
        }

        var isGood = asked.All(r => r.Trouble is null);
        Console.WriteLine($"sent through {server} to {recipient}:");
        if (keys.Count == 0 && OwnSide.NeedsKey(options))
        {
            isGood = false;
            Console.WriteLine(
                $"  BAD no key exists, so nothing is signed; make {DataPaths.BatvKeys(options)} with: "
                    + $"backstop batv new-key --config {ShellWords.Quote(config)}; then restart Backstop");
        }
        else if (!options.Outbound.SignSender)
        {
            Console.WriteLine("      senders get no tag (outbound.sign_sender = false), so none is tried");
        }
        else
        {
            isGood &= await TagsAsync(new(keys, options.Batv.LifetimeDays, options.Batv.Form), options.Batv.Form, server, recipient, ct);
        }

        isGood &= await SendAsync(
            server, "a bounce for mail that nobody sent", recipient, recipient.ToString(), code => code is 250 or >= 500,
            "it should be refused; or accepted and marked (X-Backstop: file) as long as too little of the sent mail is known", ct);
        return isGood ? ExitCode.Done : ExitCode.Found;
    }

    private static void Show(IReadOnlyList<ProbeResult> asked)
    {
        Console.WriteLine("asked Backstop:");
        foreach (var result in asked)
        {
            Console.WriteLine(result.Trouble is null ? $"  ok  {result.Port}" : $"  BAD {result.Port}: {result.Trouble}");
        }
    }

    private static async Task<bool> TagsAsync(Batv batv, BatvForm form, IPEndPoint server, MailAddress recipient, CancellationToken ct)
    {
        var isGood = await SendAsync(
            server, "a bounce to a signed address", recipient, batv.Sign(recipient, TimeProvider.System.GetUtcNow()).ToString(),
            code => code == 250, "it should be accepted; does the server remove the tag before it looks for the mailbox?", ct);
        var forged = form == BatvForm.Prefix
            ? $"prvs=0000000000={recipient}"
            : $"{recipient.LocalPart}+prvs=0000000000@{recipient.Domain}";
        return isGood & await SendAsync(
            server, "a bounce to an address with a forged signature", recipient, forged, code => code is >= 500,
            "it should be refused; does the server ask Backstop at all?", ct);
    }

    private static async Task<bool> SendAsync(
        IPEndPoint server, string what, MailAddress recipient, string to, Func<int, bool> isRight, string otherwise, CancellationToken ct)
    {
        var message = new StormMessage("setup", GeneratedKind.Bounce, IPAddress.Loopback, "", to, Content(recipient));
        var result = await StormClient.SendAsync(server, message, TimeProvider.System, ct);
        var right = isRight(result.Code);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {(right ? "ok " : "BAD")} {what}: {(result.Code == 250 ? "accepted" : $"{result.Code} {ShownText.Of(result.Text)}")}"));
        if (!right)
        {
            Console.WriteLine($"      {otherwise}");
        }

        return right;
    }

    private static string Content(MailAddress recipient)
    {
        var id = Guid.NewGuid().ToString("N");
        return $"""
            From: MAILER-DAEMON@setup-check.invalid
            To: {recipient}
            Subject: Undelivered Mail Returned to Sender (backstop setup checks its work)
            Message-ID: <{id}@setup-check.invalid>
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status; boundary=b

            --b

            This is a test of Backstop; nothing is wrong.

            --b
            Content-Type: message/delivery-status

            Reporting-MTA: dns; setup-check.invalid

            Final-Recipient: rfc822; nobody@setup-check.invalid
            Action: failed
            Status: 5.1.1

            --b
            Content-Type: text/rfc822-headers

            From: {recipient}
            Subject: never sent
            Message-ID: <{id}@never-sent.invalid>

            --b--
            .

            """.ReplaceLineEndings("\r\n");
    }
}
