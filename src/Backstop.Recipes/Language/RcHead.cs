namespace Backstop.Recipes.Language;

/// <summary>The first line of a recipe, <c>:0 [flags] [: [lockfile]]</c>, in its words.</summary>
/// <param name="Flags">Those that the line has, up to the first letter that is not a flag.</param>
/// <param name="Count">How many conditions follow; -1 where stars mark them.</param>
/// <param name="Lock">The lockfile; empty where its name follows from the action; null where there is none.</param>
/// <param name="Skipped">What is not a flag there; may be empty.</param>
internal sealed record RcHead(RcFlags Flags, int Count, string? Lock, string Skipped)
{
    // Flags that are a condition themselves: an old-style recipe with one of them needs no other.
    private const RcFlags Conditional = RcFlags.Also | RcFlags.AlsoIfSuccess | RcFlags.Else | RcFlags.OnError;
    private const int MaxCount = 1000;

    /// <summary>Reads flags, count and lockfile from the words of the line.</summary>
    /// <param name="words">The words behind the colon, values put in.</param>
    public static RcHead Parse(IReadOnlyList<string> words)
    {
        var line = string.Join('\0', words);
        var at = 0;
        var count = 0;
        while (at < line.Length && char.IsAsciiDigit(line[at]))
        {
            count = Math.Min((count * 10) + (line[at++] - '0'), MaxCount);
        }

        var hasCount = at > 0;
        var flags = ReadFlags(line, ref at);
        var lockfile = ReadLock(line, ref at);
        count = !hasCount ? (flags.HasAny(Conditional) ? 0 : 1) : count == 0 ? -1 : count;
        return new(flags, count, lockfile, line[Math.Min(at, line.Length)..].Replace('\0', ' '));
    }

    // Reads up to a colon or to the first letter that is not a flag: from there on nothing counts.
    private static RcFlags ReadFlags(string line, ref int at)
    {
        var flags = RcFlags.None;
        for (; at < line.Length; at++)
        {
            if (line[at] is ' ' or '\t' or '\0')
            {
                continue;
            }

            if (RcFlagLetters.Find(line[at]) is not { } flag)
            {
                break;
            }

            flags |= flag;
        }

        return flags;
    }

    private static string? ReadLock(string line, ref int at)
    {
        if (at >= line.Length || line[at] != ':')
        {
            return null;
        }

        at++;
        at += at < line.Length && line[at] == '\0' ? 1 : 0;
        var start = at;
        while (at < line.Length && line[at] != '\0')
        {
            at++;
        }

        var name = line[start..at];
        at++;
        return name;
    }
}
