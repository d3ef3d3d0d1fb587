using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Posix;

namespace Backstop.Judging;

/// <summary>The CPU budget of a message, from the configuration.</summary>
internal static class JudgingBudget
{
    private const long FullSize = 256 * 1024;

    /// <summary>Returns the configured budget, and in proportion more for a message larger than 256 KiB.</summary>
    public static MessageBudget For(BackstopOptions options, long octets) =>
        new(options.Smtp.CpuPerMessage * Math.Max(1, octets / (double)FullSize), static () => ThreadTime.Cpu);

    /// <summary>
    /// Returns the verdict if the budget is used up: a delivery stays one, with the reason that the message was not
    /// judged.
    /// </summary>
    public static Verdict Said(this MessageBudget budget, Verdict verdict) =>
        budget.IsSpent && verdict.Action == VerdictAction.Deliver ? verdict with { Reason = ServerReasons.UnjudgedCpu } : verdict;
}
