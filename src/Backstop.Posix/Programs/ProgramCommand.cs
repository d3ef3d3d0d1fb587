using System.Collections;

namespace Backstop.Posix.Programs;

/// <summary>A program to run, with its directory and standard files. Strings hold one octet a char.</summary>
/// <param name="Arguments">The program and its arguments.</param>
/// <param name="Environment">Its environment variables.</param>
/// <param name="Directory">Its working directory.</param>
internal sealed record ProgramCommand(IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string Directory)
{
    /// <summary>Its standard input, in pieces.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Input { get; init; } = [];

    /// <summary>The file descriptor for its output; null to return the output.</summary>
    public int? Output { get; init; }

    /// <summary>The file descriptor for its errors; null to return them.</summary>
    public int? Errors { get; init; } = 2;

    /// <summary>
    /// How much of its output is returned; the rest is read and dropped. Null returns everything, and ends a program
    /// that does not stop writing.
    /// </summary>
    public int? MaxKept { get; init; }

    /// <summary>
    /// The program's time limit; with <see cref="ProgramRunner.Feed"/> the limit for reading its input. Null for none.
    /// </summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Whether a file that the kernel cannot execute is run by the shell, as execvp(3) and procmail do.</summary>
    public bool FallsBackToShell { get; init; }

    /// <summary>The first descriptor that the program does not get, whoever has opened it; null leaves that to their flags.</summary>
    public int? ClosesFrom { get; init; }

    /// <summary>Makes a command with the environment and directory of this process.</summary>
    /// <param name="arguments">The program, searched in PATH, and its arguments; text.</param>
    public static ProgramCommand OfHost(params IReadOnlyList<string> arguments)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            variables[NativeText.Octets((string)variable.Key)] = NativeText.Octets((string?)variable.Value ?? "");
        }

        return new([.. arguments.Select(NativeText.Octets)], variables, NativeText.Octets(System.Environment.CurrentDirectory));
    }
}
