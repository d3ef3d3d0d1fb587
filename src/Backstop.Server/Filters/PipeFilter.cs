using Backstop.Judging;
using Backstop.Posix.Programs;

namespace Backstop.Server.Filters;

/// <summary>
/// Runs a program for each message, as procmail does: the message in, the marked message out (<c>spamassassin</c>). Ended with its children
/// when time is up.
/// </summary>
internal sealed class PipeFilter(string program) : IMessageFilter
{
    // Only the header is of use.
    private const int MaxKept = 256 << 10;

    private readonly ProgramRunner _runner = new(TimeProvider.System);

    public string Name => "pipe";

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        // One that does not read to the end is no failure: what it says counts.
        var end = await _runner.RunAsync(ProgramCommand.OfHost(program) with { Input = [question.Traced()], MaxKept = MaxKept }, ct);
        var fields = FilterFields.Of(end.Output.Span);
        return end.Status != 0 ? throw new FilterException($"{program} ended with {end.Status}")
            : fields.Length == 0 ? throw new FilterException($"{program} gave no X-Spam fields")
            : new(FilterFields.SaySpam(fields) ? ServerReasons.SpamScore : null, fields);
    }
}
