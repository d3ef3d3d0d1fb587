namespace Backstop.Posix.Programs;

/// <summary>This program, for whoever starts it once more.</summary>
internal static class ThisProgram
{
    /// <summary>Returns the words that start it, as octets: its file, or dotnet and its assembly.</summary>
    public static IReadOnlyList<string> Words()
    {
        var itself = NativeText.Octets(Environment.ProcessPath!);
        return Path.GetFileName(itself) == "dotnet"
            ? [itself, NativeText.Octets(Path.GetFullPath(Environment.GetCommandLineArgs()[0]))]
            : [itself];
    }
}
