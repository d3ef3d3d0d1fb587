using System.Diagnostics;
using Backstop.Judging;

namespace Backstop.Server.Filters;

/// <summary>Runs a program for each message, as procmail does: the message in, the marked message out (<c>spamassassin</c>). Killed with its children when time is up.</summary>
internal sealed class PipeFilter(string program) : IMessageFilter
{
    public string Name => "pipe";

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        using var process = new Process { StartInfo = new(program) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false } };
        process.Start();
        try
        {
            // Both at once: a program that writes before it has read all must not stop us both.
            var reading = ReadAsync(process.StandardOutput.BaseStream, ct);
            await WriteAsync(process, question.Traced(), ct);
            var marked = await reading;
            await process.WaitForExitAsync(ct);
            var fields = FilterFields.Of(marked);
            return process.ExitCode != 0 ? throw new FilterException($"{program} ended with {process.ExitCode}")
                : fields.Length == 0 ? throw new FilterException($"{program} gave no X-Spam fields")
                : new(FilterFields.SaySpam(fields) ? ServerReasons.SpamScore : null, fields);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task WriteAsync(Process process, byte[] message, CancellationToken ct)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(message, ct);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It did not read to the end; what it says counts.
        }
    }

    // Only the header is of use: the rest is read and dropped.
    private static async Task<byte[]> ReadAsync(Stream output, CancellationToken ct)
    {
        const int MaxKept = 256 << 10;
        using var kept = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int count; (count = await output.ReadAsync(buffer, ct)) > 0;)
        {
            kept.Write(buffer, 0, (int)Math.Min(count, MaxKept - kept.Length));
        }

        return kept.ToArray();
    }
}
