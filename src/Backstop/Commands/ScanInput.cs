using Backstop.Mailboxes.Reading;

namespace Backstop.Commands;

/// <summary>The messages that <c>scan</c> and <c>learn</c> are given.</summary>
internal static class ScanInput
{
    /// <summary>Reads the messages. A file is one message, even if it begins like an mbox: filters are given such files.</summary>
    /// <param name="inputs">Reports a file that cannot be read, and goes on.</param>
    /// <param name="paths">Files, folders, or - for stdin.</param>
    /// <param name="mbox">Whether the files are mboxes.</param>
    public static IEnumerable<FoundMessage> Read(Inputs inputs, IReadOnlyCollection<string> paths, bool mbox) => inputs.Read(
        inputs.Files(paths),
        f => f == "-" ? [Inputs.Stdin()]
            : mbox ? MessageFiles.ReadFile(f)
            : paths.Contains(f) ? [new FoundMessage(f, BoundedInput.ReadFile(f))]
            : [MessageFiles.ReadWhole(f)]);
}
