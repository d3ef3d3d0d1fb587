namespace Backstop.Clean;

internal static class CleanReport
{
    public static string Write(string mailbox, CleanPlan plan, string? run, DateTimeOffset now) => "";
}
