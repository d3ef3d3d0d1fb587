using System.Collections;
using System.Text;

namespace Backstop.Posix.Programs;

/// <summary>A program to run, where it runs, and what its standard files are. Strings hold one octet a char.</summary>
/// <param name="Arguments">The program and its arguments.</param>
/// <param name="Environment">Its variables.</param>
/// <param name="Directory">Where it runs.</param>
internal sealed record ProgramCommand(IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string Directory)
{
    /// <summary>Its standard input, in pieces.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Input { get; init; } = [];

    /// <summary>The file its output goes to; null to have it returned.</summary>
    public int? Output { get; init; }

    /// <summary>The file its errors go to; null to have them returned.</summary>
    public int? Errors { get; init; } = 2;

    /// <summary>
    /// How much of what it writes is returned; the rest is read and dropped. Null returns all, and ends one that never stops.
    /// </summary>
    public int? MaxKept { get; init; }

    /// <summary>How long it may take, or take to read its input where it is only fed; null for any time.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Whether what is no program is given to the shell as a script, as execvp(3) and procmail do.</summary>
    public bool FallsBackToShell { get; init; }

    /// <summary>A program with the variables and the directory of this process.</summary>
    /// <param name="arguments">The program, looked for in the PATH, and its arguments; text.</param>
    public static ProgramCommand OfHost(params IReadOnlyList<string> arguments)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            variables[Octets((string)variable.Key)] = Octets((string?)variable.Value ?? "");
        }

        return new([.. arguments.Select(Octets)], variables, Octets(System.Environment.CurrentDirectory));
    }

    private static string Octets(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}
