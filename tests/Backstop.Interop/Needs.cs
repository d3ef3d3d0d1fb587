namespace Backstop.Interop;

/// <summary>What a test needs from the machine. Missing: skipped with the reason; in CI: failed.</summary>
internal static class Needs
{
    public static string Program(string name, string package)
    {
        var path = new[] { "/usr/bin", "/usr/sbin", "/bin", "/sbin" }.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
        Check(path is not null, $"{name} is not installed (Debian package {package})");
        return path!;
    }

    /// <summary>A program of a Debian package that ./test has unpacked, not installed: nothing of it runs as a service.</summary>
    public static string Peer(string path, string package)
    {
        var file = Path.Combine(PeerFolder, path);
        Check(File.Exists(file), $"{package} is not unpacked in artifacts/peers (./test does it where apt-get works)");
        return file;
    }

    /// <summary>A program of Debian 13, which ./test has unpacked too.</summary>
    public static void Unpacked(string file, string package) =>
        Check(
            File.Exists(file),
            $"{package} of Debian 13 is not unpacked in artifacts/debian13 (eng/debian13-peers.sh does it where apt-get works)");

    public static string PeerFolder => Path.Combine(Checkout.Root, "artifacts", "peers");

    /// <summary>A file of the material that lies beside the checkout.</summary>
    public static string Shared(string name)
    {
        var path = Path.GetFullPath(Path.Combine(Checkout.Root, "..", "shared", name));
        Check(File.Exists(path), $"../shared/{name} is not there");
        return path;
    }

    /// <summary>A package that ./test has taken from npm, by its lock file.</summary>
    public static string Npm(string name)
    {
        var folder = Path.Combine(Checkout.Root, "tests", "Backstop.Browser", "node_modules", name);
        Check(Directory.Exists(folder), $"{name} is not there (./test takes it from npm where npm is installed)");
        return folder;
    }

    public static void Root() => Check(Environment.UserName == "root", "only root may mount a file system");

    public static void Check(bool isThere, string why)
    {
        if (!isThere && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"In CI nothing may be skipped: {why}");
        }

        Assert.SkipUnless(isThere, why);
    }
}
