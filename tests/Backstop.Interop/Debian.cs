namespace Backstop.Interop;

/// <summary>
/// Programs of a Debian release: those of 12 are this machine's, those of 13 lie in a folder of their own and run in it, with
/// this machine's /tmp, so that a test's files have the same path in both.
/// </summary>
internal sealed record Debian(int Release)
{
    public static Debian Twelve { get; } = new(12);

    public static Debian Thirteen { get; } = new(13);

    /// <summary>Both, for tests of what their programs do differently.</summary>
    public static TheoryData<int> Releases => [12, 13];

    private static string Folder => Path.Combine(Checkout.Root, "artifacts", "debian13");

    private static string Within => Path.Combine(Checkout.Root, "eng", "in-debian13.sh");

    /// <summary>Fails, or skips the test, where a program is not there.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <param name="package">The Debian package that has it.</param>
    public void Needs(string path, string package)
    {
        if (Release == 12)
        {
            Interop.Needs.Program(Path.GetFileName(path), package);
        }
        else
        {
            Interop.Needs.Root();
            Interop.Needs.Unpacked(Folder + path, package);
        }
    }

    public Tool Start(string program, params string[] arguments) => Tool.Start(Command(program), Arguments(program, arguments));

    public Task<string> RunAsync(string program, string[] arguments, params int[] exitCodes) =>
        Tool.RunAsync(Command(program), Arguments(program, arguments), Until.Bound, exitCodes);

    private string Command(string program) => Release == 12 ? program : Within;

    private string[] Arguments(string program, string[] arguments) => Release == 12 ? arguments : [Folder, program, .. arguments];
}
