using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>A running program, in a process group of its own.</summary>
/// <param name="Process">Its process number.</param>
/// <param name="Feed">Writes to its standard input.</param>
/// <param name="Output">Its standard output; null if that goes elsewhere.</param>
/// <param name="Errors">Its standard error; null if that goes elsewhere.</param>
internal sealed record RunningProgram(int Process, ProgramFeed Feed, SafeFileHandle? Output, SafeFileHandle? Errors);

/// <summary>Starts programs by posix_spawn(3), which copies no memory and is safe in a process with threads.</summary>
internal static class ProgramStart
{
    private const short SetGroup = 2;
    private const short SetDefaultSignals = 4;
    private const short SetSignalMask = 8;

    /// <summary>
    /// Starts a program. The pipe is filled with input beforehand, so that a program that ends at once counts as having
    /// read it.
    /// </summary>
    /// <param name="command">The program.</param>
    /// <exception cref="IOException">It cannot be started, nor the shell in its place if that was asked
    /// for.</exception>
    public static RunningProgram Start(ProgramCommand command)
    {
        var (inputRead, inputWrite) = ProgramPipe.Make();
        var feed = new ProgramFeed(inputWrite, command.Input);
        SafeFileHandle? outputRead = null, outputWrite = null, errorsRead = null, errorsWrite = null;
        try
        {
            (outputRead, outputWrite) = command.Output is null ? ProgramPipe.Make() : (null, null);
            (errorsRead, errorsWrite) = command.Errors is null ? ProgramPipe.Make() : (null, null);
        }
        catch (IOException)
        {
            inputRead.Dispose();
            feed.Dispose();
            outputRead?.Dispose();
            outputWrite?.Dispose();
            throw;
        }

        using (inputRead)
        using (outputWrite)
        using (errorsWrite)
        {
            feed.Write();
            int[] files = [NumberOf(inputRead), command.Output ?? NumberOf(outputWrite!), command.Errors ?? NumberOf(errorsWrite!)];
            try
            {
                return new(Spawn(command, files), feed, outputRead, errorsRead);
            }
            catch (IOException)
            {
                feed.Dispose();
                outputRead?.Dispose();
                errorsRead?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Starts a program over descriptors of the caller's.</summary>
    /// <param name="command">The program; its input and output are not looked at.</param>
    /// <param name="files">Its standard input, output and error.</param>
    /// <returns>Its process number.</returns>
    /// <exception cref="IOException">It cannot be started, nor the shell in its place if that was asked for.</exception>
    public static int Spawn(ProgramCommand command, int[] files)
    {
        var error = Spawn(command, files, out var process);
        return error == 0
            ? process
            : throw new IOException($"{command.Arguments[0]}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    private static int NumberOf(SafeFileHandle file) => (int)file.DangerousGetHandle();

    // The command's own PATH, which in recipes is not that of this process.
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
            if (Libc.Access(ref NativeText.From(seen)[0], 1) == 0 && !Directory.Exists(seen))
            {
                return candidate;
            }
        }

        return null;
    }

    private static int Spawn(ProgramCommand command, int[] files, out int process)
    {
        process = 0;
        var path = Find(command.Arguments[0], command.Environment.GetValueOrDefault("PATH", ""), command.Directory);
        var error = path is null ? Libc.NoEntry : Spawn(path, command.Arguments, command, files, ref process);
        return error != 0 && command.FallsBackToShell
            ? Spawn("/bin/sh", ["/bin/sh", .. command.Arguments], command, files, ref process)
            : error;
    }

    private static int Spawn(string path, IReadOnlyCollection<string> arguments, ProgramCommand command, int[] files, ref int process)
    {
        Span<byte> actions = stackalloc byte[Libc.OpaqueSize];
        Span<byte> attributes = stackalloc byte[Libc.OpaqueSize];
        Span<byte> signals = stackalloc byte[Libc.OpaqueSize];
        Libc.InitActions(ref actions[0]);
        Libc.InitAttributes(ref attributes[0]);
        for (var i = 0; i < files.Length; i++)
        {
            Libc.AddDuplicate(ref actions[0], files[i], i);
        }

        if (command.ClosesFrom is { } first)
        {
            Libc.AddCloseFrom(ref actions[0], first);
        }

        Libc.AddDirectory(ref actions[0], ref NativeText.From(command.Directory)[0]);

        // .NET ignores SIGPIPE, and a program would inherit that: "yes | head" would never end.
        Libc.SetFlags(ref attributes[0], SetGroup | SetDefaultSignals | SetSignalMask);
        Libc.SetGroup(ref attributes[0], 0);
        Libc.AllSignals(ref signals[0]);
        Libc.SetDefaultSignals(ref attributes[0], ref signals[0]);
        Libc.EmptySignals(ref signals[0]);
        Libc.SetSignalMask(ref attributes[0], ref signals[0]);
        var argv = NativeText.Array(arguments);
        var envp = NativeText.Array([.. command.Environment.Select(v => $"{v.Key}={v.Value}")]);
        try
        {
            return Libc.Spawn(ref process, ref NativeText.From(path)[0], ref actions[0], ref attributes[0], argv, envp);
        }
        finally
        {
            NativeText.Free(argv);
            NativeText.Free(envp);
            Libc.FreeActions(ref actions[0]);
            Libc.FreeAttributes(ref attributes[0]);
        }
    }
}
