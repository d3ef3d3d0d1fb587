using Backstop.Mailboxes.Reading;

namespace Backstop.Scan;

/// <summary>The messages that <c>scan</c> and <c>learn</c> are given.</summary>
internal static class ScanInput
{
    /// <summary>A file is one message, even if it begins like an mbox: filters are given such files.</summary>
    /// <param name="path">A file, a folder, or - for stdin.</param>
    /// <param name="mbox">The file is an mbox.</param>
    public static IEnumerable<FoundMessage> Read(string path, bool mbox)
    {
        if (path == "-")
        {
            using var input = Console.OpenStandardInput();
            using var message = new MemoryStream();
            input.CopyTo(message);
            return [new FoundMessage("-", message.ToArray())];
        }

        if (!Path.Exists(path))
        {
            throw new CommandException(ExitCode.NoInput, $"{path}: no such file or folder");
        }

        return mbox ? MessageFiles.Read(path) : File.Exists(path) ? [new FoundMessage(path, File.ReadAllBytes(path))] : MessageFiles.ReadWhole(path);
    }
}
