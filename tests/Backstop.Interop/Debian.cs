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

    private static readonly string[] _programs = [
        "/usr/sbin/postconf", "/usr/sbin/postmap", "/usr/sbin/postfix", "/usr/sbin/sendmail"];

    public static string Folder => Path.Combine(Checkout.Root, "artifacts", "debian13");

    public static string Within => Path.Combine(Checkout.Root, "eng", "in-debian13.sh");

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

    /// <summary>
    /// Makes programs of this release found by their names, by whatever program is started with the environment that is returned.
    /// </summary>
    /// <param name="folder">Where the release's programs get stand-ins; empty afterwards for 12.</param>
    public async Task<Dictionary<string, string>> EnvironmentAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var program in Release == 12 ? [] : _programs)
        {
            var file = Path.Combine(folder, Path.GetFileName(program));
            await File.WriteAllTextAsync(file, $"#!/bin/sh\nexec {Within} {Folder} {program} \"$@\"\n");
            File.SetUnixFileMode(file, (UnixFileMode)0x1ED);
        }

        return new() { ["PATH"] = $"{folder}:/usr/sbin:{Environment.GetEnvironmentVariable("PATH")}" };
    }

    private string Command(string program) => Release == 12 ? program : Within;

    private string[] Arguments(string program, string[] arguments) => Release == 12 ? arguments : [Folder, program, .. arguments];
}
