using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>A program that runs, in a process group of its own.</summary>
/// <param name="Process">Its number.</param>
/// <param name="Feed">Writes to its standard input.</param>
/// <param name="Output">Reads its standard output; null where that goes elsewhere.</param>
internal sealed record RunningProgram(int Process, ProgramFeed Feed, SafeFileHandle? Output);

/// <summary>Starts programs by posix_spawn(3), which copies no memory and is safe in a process with threads.</summary>
internal static class ProgramStart
{
    private const short SetGroup = 2;
    private const short SetDefaultSignals = 4;
    private const short SetSignalMask = 8;

    /// <summary>Starts a program; what is none is given to the shell as a script, as execvp(3) and procmail do.</summary>
    /// <param name="arguments">The program and its arguments.</param>
    /// <param name="environment">Its variables.</param>
    /// <param name="directory">Where it runs.</param>
    /// <param name="input">Its standard input. As much as a pipe holds is in it before the program begins: one that ends at once has taken it.</param>
    /// <param name="output">Where its output goes; null to read it.</param>
    /// <param name="errors">Where its errors go.</param>
    /// <exception cref="IOException">Not even the shell can be started.</exception>
    public static RunningProgram Start(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string directory, IReadOnlyList<ReadOnlyMemory<byte>> input, int? output, int errors)
    {
        var (inputRead, inputWrite) = Pipe();
        var (outputRead, outputWrite) = output is null ? Pipe() : (null, null);
        var feed = new ProgramFeed(inputWrite, input);
        using (inputRead)
        using (outputWrite)
        {
            feed.Write();
            int[] files = [(int)inputRead.DangerousGetHandle(), output ?? (int)outputWrite!.DangerousGetHandle(), errors];
            var path = Find(arguments[0], environment.GetValueOrDefault("PATH", ""), directory);
            var process = 0;
            var error = path is null ? -1 : Spawn(path, arguments, environment, directory, files, ref process);
            if (error != 0)
            {
                error = Spawn("/bin/sh", ["/bin/sh", .. arguments], environment, directory, files, ref process);
            }

            if (error != 0)
            {
                feed.Dispose();
                outputRead?.Dispose();
                throw new IOException($"{arguments[0]}: {Marshal.GetPInvokeErrorMessage(error)}", error);
            }

            return new(process, feed, outputRead);
        }
    }

    private static (SafeFileHandle Read, SafeFileHandle Write) Pipe()
    {
        Span<int> ends = stackalloc int[2];
        if (Native.Pipe(ref ends[0], Native.CloseOnExec) != 0)
        {
            throw new IOException($"pipe: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());
        }

        return (new(ends[0], ownsHandle: true), new(ends[1], ownsHandle: true));
    }

    // The PATH of the recipes, not ours.
    private static string? Find(string program, string path, string directory)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return program;
        }

        foreach (var folder in path.Split(':'))
        {
            var candidate = $"{(folder.Length == 0 ? "." : folder)}/{program}";
            var seen = candidate.StartsWith('/') ? candidate : $"{directory}/{candidate}";
            if (Native.Access(ref NativeText.From(seen)[0], 1) == 0 && !Directory.Exists(seen))
            {
                return candidate;
            }
        }

        return null;
    }

    private static int Spawn(
        string path, IReadOnlyCollection<string> arguments, IReadOnlyDictionary<string, string> environment, string directory, int[] files, ref int process)
    {
        Span<byte> actions = stackalloc byte[Native.OpaqueSize];
        Span<byte> attributes = stackalloc byte[Native.OpaqueSize];
        Span<byte> signals = stackalloc byte[Native.OpaqueSize];
        Native.InitActions(ref actions[0]);
        Native.InitAttributes(ref attributes[0]);
        for (var i = 0; i < files.Length; i++)
        {
            Native.AddDuplicate(ref actions[0], files[i], i);
        }

        Native.AddDirectory(ref actions[0], ref NativeText.From(directory)[0]);

        // .NET ignores SIGPIPE, and a program would inherit that: "yes | head" would never end.
        Native.SetFlags(ref attributes[0], SetGroup | SetDefaultSignals | SetSignalMask);
        Native.SetGroup(ref attributes[0], 0);
        Native.AllSignals(ref signals[0]);
        Native.SetDefaultSignals(ref attributes[0], ref signals[0]);
        Native.EmptySignals(ref signals[0]);
        Native.SetSignalMask(ref attributes[0], ref signals[0]);
        var argv = NativeText.Array(arguments);
        var envp = NativeText.Array([.. environment.Select(v => $"{v.Key}={v.Value}")]);
        try
        {
            return Native.Spawn(ref process, ref NativeText.From(path)[0], ref actions[0], ref attributes[0], argv, envp);
        }
        finally
        {
            NativeText.Free(argv);
            NativeText.Free(envp);
            Native.FreeActions(ref actions[0]);
            Native.FreeAttributes(ref attributes[0]);
        }
    }
}
