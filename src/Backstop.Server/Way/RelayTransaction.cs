using System.Buffers;
using System.Text;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Net;
using Backstop.Server.Receiving;

namespace Backstop.Server.Way;

/// <summary>A transaction with the next server.</summary>
internal sealed class RelayTransaction(NextHop next, NextHopConnection connection, bool isOutbound)
{
    private bool _isComplete;

    /// <summary>Whether the mail is outgoing: its sender is ours.</summary>
    public bool IsOutbound => isOutbound;

    /// <summary>Sends RCPT.</summary>
    public Task<SmtpReply> RecipientAsync(MailAddress address, string? parameters) =>
        connection.AskAsync($"RCPT TO:<{address}>{Known(connection, parameters, "NOTIFY", "ORCPT")}", next.Limits.CommandTimeout);

    /// <summary>Sends DATA and the message, and returns the replies: one, or one for each recipient in LMTP.</summary>
    /// <param name="fields">Header fields to add before the message, with LF line ends.</param>
    /// <param name="message">The message; its front is in memory.</param>
    /// <param name="file">The file of a large message; null where it is in memory.</param>
    /// <param name="recipients">How many recipients it has.</param>
    public async Task<IReadOnlyList<SmtpReply>> SendAsync(string fields, IncomingMessage message, string? file, int recipients)
    {
        var go = await connection.AskAsync("DATA", next.Limits.CommandTimeout, good: 3);
        if (go.Code != 354)
        {
            return [.. Enumerable.Repeat(go.IsPositive ? SmtpReplies.OurTrouble : go, next.IsLmtp ? recipients : 1)];
        }

        await WriteAsync(fields, message, file);
        var replies = new List<SmtpReply>(1);
        for (var i = 0; i < (next.IsLmtp ? recipients : 1); i++)
        {
            replies.Add(await connection.HearAsync(next.Limits.FinalTimeout));
        }

        _isComplete = true;
        return replies;
    }

    /// <summary>Gives the connection back for other transactions, or closes it where it cannot be used.</summary>
    public void End(bool isBroken)
    {
        if (isBroken)
        {
            connection.Dispose();
        }
        else if (_isComplete)
        {
            next.Return(connection);
        }
        else
        {
            // Not awaited, because the client has its reply.
            _ = next.ReturnAsync(connection);
        }
    }

    /// <summary>Returns those parameters that the next server supports; the others were for us.</summary>
    public static string Known(NextHopConnection connection, string? parameters, params ReadOnlySpan<string> dsn)
    {
        if (parameters is null)
        {
            return "";
        }

        var known = new StringBuilder();
        foreach (var parameter in parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = parameter.Split('=')[0].ToUpperInvariant();
            var extension = dsn.Contains(name) ? "DSN" : name switch { "BODY" => "8BITMIME", _ => name };
            if (name != "AUTH" && name != "SIZE" && connection.Extensions.Contains(extension))
            {
                known.Append(' ').Append(parameter);
            }
        }

        return known.ToString();
    }

    private async Task WriteAsync(string fields, IncomingMessage message, string? file)
    {
        var lines = new ContentWriter(connection, next.Limits.CommandTimeout);
        await lines.WriteAsync(Encoding.UTF8.GetBytes(fields));
        if (file is null)
        {
            await lines.WriteAsync(message.Front);
        }
        else
        {
            var buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
            try
            {
                await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
                for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
                {
                    await lines.WriteAsync(buffer.AsMemory(0, count));
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        await lines.EndAsync();
    }

    private sealed class ContentWriter(NextHopConnection connection, TimeSpan limit)
    {
        private const int Flush = 64 << 10;

        private readonly ArrayBufferWriter<byte> _output = new(Flush);
        private DataWriter _data;

        public async Task WriteAsync(ReadOnlyMemory<byte> text)
        {
            while (!text.IsEmpty)
            {
                var count = Math.Min(text.Length, Flush);
                _data.Write(text.Span[..count], _output);
                text = text[count..];
                if (_output.WrittenCount >= Flush)
                {
                    await FlushAsync();
                }
            }
        }

        public async Task EndAsync()
        {
            _data.EndLine(_output);

            // A reply that is there already cannot answer the whole message.
            await FlushAsync();
            connection.ExpectSilence();
            await connection.WriteAsync(DataWriter.End, limit);
        }

        private async Task FlushAsync()
        {
            await connection.WriteAsync(_output.WrittenMemory, limit);
            _output.ResetWrittenCount();
        }
    }
}
