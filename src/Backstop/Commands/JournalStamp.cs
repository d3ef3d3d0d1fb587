using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Commands;

/// <summary>
/// <c>journal stamp</c>: signs an outgoing message on its way from stdin to stdout, and remembers it. Its bounces
/// return the signature, which proves them even to a server that does not have this journal.
/// </summary>
internal static class JournalStamp
{
    public static int Run(BackstopOptions options, MailAddress? from, IReadOnlyList<MailAddress> to, string given)
    {
        var signed = new SignedMessageId(BatvKeyFile.Read(DataPaths.BatvKeys(options)), (int)options.Backscatter.ProofWindow.TotalDays);
        if (!signed.CanSign)
        {
            throw new CommandException(
                ExitCode.NoInput, $"{DataPaths.BatvKeys(options)}: no keys; make one with: backstop batv new-key{given}");
        }

        var message = BoundedInput.ReadWhole("signed");
        var header = SentHeader.Read(message);
        var sender = from ?? header.From
            ?? throw new CommandException(ExitCode.BadInput, "the message on stdin has no From address; give --from ADDR");
        var now = TimeProvider.System.GetUtcNow();
        var id = header.MessageId ?? signed.Create(sender, now);
        DataFolder.MakeFile(DataPaths.Journal(options));
        using (var journal = new SentJournal(DataPaths.Journal(options), TimeProvider.System, options.Journal.RecipientWindow))
        {
            journal.Add([new(sender, id, to.Count > 0 ? to : header.Recipients, now)]);
        }

        Write(
            message, $"{SignedMessageId.FieldName}: {signed.Stamp(id, sender, now)}",
            header.MessageId is null ? $"Message-ID: <{id}>" : null);
        return ExitCode.Done;
    }

    // Adds fields after an mbox separator and before the first field, with the line ends of the message. Nothing else
    // changes.
    private static void Write(byte[] message, params IEnumerable<string?> fields)
    {
        var first = message.AsSpan().StartsWith("From "u8) ? HeaderScan.LineEnd(message, 0) : 0;
        var end = message.AsSpan(0, HeaderScan.LineEnd(message, 0)).EndsWith("\r\n"u8) ? "\r\n" : "\n";
        using var output = Console.OpenStandardOutput();
        output.Write(message.AsSpan(0, first));
        output.Write(Encoding.ASCII.GetBytes(string.Concat(fields.OfType<string>().Select(f => f + end))));
        output.Write(message.AsSpan(first));
        output.Flush();
    }
}
