namespace Backstop.Commands;

/// <summary>Reads stdin and files that are named, and keeps no more of them than a verb needs, whatever they hold.</summary>
internal static class BoundedInput
{
    /// <summary>The most that is kept of one message.</summary>
    public const int MaxMessage = 128 << 20;

    /// <summary>The most that is kept of a message whose header is asked for.</summary>
    public const int MaxHeader = 128 << 10;

    private const int Chunk = 64 << 10;

    /// <summary>Returns the message on stdin.</summary>
    /// <param name="done">What cannot be done with a larger one: "signed", "read".</param>
    /// <exception cref="CommandException">It is larger than <see cref="MaxMessage"/>.</exception>
    public static byte[] ReadWhole(string done)
    {
        using var input = Console.OpenStandardInput();
        return ReadWhole(input, MaxMessage, "the input on stdin", done);
    }

    /// <summary>Returns the content of a file that the command line names.</summary>
    /// <exception cref="CommandException">It is larger than <see cref="MaxMessage"/>.</exception>
    public static byte[] ReadFile(string path)
    {
        using var input = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        return ReadWhole(input, MaxMessage, path, "read");
    }

    /// <summary>Returns the start of the message on stdin, with its header. The rest is read and dropped.</summary>
    public static byte[] ReadHeader()
    {
        using var input = Console.OpenStandardInput();
        return ReadStart(input, MaxHeader);
    }

    internal static byte[] ReadWhole(Stream input, int max, string name, string done)
    {
        using var message = new MemoryStream();
        var buffer = new byte[Chunk];
        for (int read; (read = input.Read(buffer)) > 0;)
        {
            if (message.Length + read > max)
            {
                throw new CommandException(ExitCode.BadInput, $"{name} is larger than {max >> 20} MiB and is not {done}");
            }

            message.Write(buffer, 0, read);
        }

        return message.ToArray();
    }

    // A mail server that filters through us takes a pipe that we close too early for a failure, so all of it is read.
    internal static byte[] ReadStart(Stream input, int max)
    {
        using var start = new MemoryStream();
        var buffer = new byte[Chunk];
        for (int read; (read = input.Read(buffer)) > 0;)
        {
            start.Write(buffer, 0, (int)Math.Min(read, max - start.Length));
        }

        return start.ToArray();
    }
}
