using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.Posix.Programs;

namespace Backstop.Server.Filters;

/// <summary>
/// Runs a program for each message, as procmail does: it reads the message and writes it with its fields
/// (<c>spamassassin</c>). The program and its children are ended when the time is over.
/// </summary>
internal sealed class PipeFilter(string program) : IMessageFilter
{
    // Only the header of the output is used.
    private const int MaxKept = 256 << 10;

    private readonly ProgramRunner _runner = new(TimeProvider.System);

    public string Name => "pipe";

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        // A program that does not read its whole input has not failed; its output counts.
        var end = await _runner.RunAsync(ProgramCommand.OfHost(program) with { Input = [question.Traced()], MaxKept = MaxKept }, ct);
        var fields = FilterFields.Of(end.Output.Span);
        return end.Status != 0 ? throw new FilterException($"{program} ended with exit code {end.Status}")
            : fields.Length == 0 ? throw new FilterException($"{program} wrote no X-Spam fields")
            : new(FilterFields.SaySpam(fields) ? ServerReasons.SpamScore : null, fields);
    }
}
