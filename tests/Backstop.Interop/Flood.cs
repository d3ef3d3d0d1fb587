using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Backstop.Interop;

/// <summary>A flooded mailbox with its truth, made from a seed by a generator that is not ours.</summary>
internal sealed class Flood
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);

    private readonly string _state;
    private readonly List<(string Class, string File)> _truth;

    private Flood(string folder)
    {
        Folder = folder;
        _state = Path.Combine(folder, "state");
        _truth = [.. File.ReadLines(Path.Combine(folder, "truth.tsv")).Select(l => l.Split('\t')).Select(c => (c[2], c[5]))];
    }

    public string Folder { get; }

    public string Maildir => Path.Combine(Folder, "Maildir");

    public string Mbox => Path.Combine(Folder, "inbox.mbox");

    public string Sent => Path.Combine(Folder, "sent.tsv");

    public int Unwanted => _truth.Count(t => t.Class == "backscatter");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<Flood> MakeAsync(string folder, int seed, int bounces, params string[] options)
    {
        await Tool.RunAsync(
            Needs.Program("python3", "python3"),
            [Needs.Shared("bench/gen20k.py"), folder, "--seed", $"{seed}", "--bounces", $"{bounces}", "--legit", "500", .. options],
            _limit);
        return new(folder);
    }

    /// <summary>Runs backstop with a state folder of its own; gives what it printed.</summary>
    public Task<string> RunAsync(int code, params string[] arguments) =>
        Tool.RunWithAsync(
            new Dictionary<string, string> { ["XDG_STATE_HOME"] = _state, ["BACKSTOP_IMAP_PASSWORD"] = Dovecot.Password }, "",
            Server.Launcher, arguments, _limit, code);

    /// <summary>The same with several exit codes that are right.</summary>
    public Task<string> RunAsync(int[] codes, params string[] arguments) =>
        Tool.RunWithAsync(new Dictionary<string, string> { ["XDG_STATE_HOME"] = _state }, "", Server.Launcher, arguments, _limit, codes);

    /// <summary>The same, to be killed.</summary>
    public Tool Start(params string[] arguments) =>
        Tool.Start(
            "/usr/bin/env", [$"XDG_STATE_HOME={_state}", $"BACKSTOP_IMAP_PASSWORD={Dovecot.Password}", Server.Launcher, .. arguments]);

    /// <summary>
    /// Waits until the log of the newest run says something; looks as fast as it can, for what follows takes milliseconds.
    /// </summary>
    public Task WaitForLogAsync(string text) => WaitForLogAsync(log => ReadEnd(log).Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until the log of the newest run is longer.</summary>
    public Task WaitForLogAsync(long length) => WaitForLogAsync(log => new FileInfo(log).Length > length);

    /// <summary>How long the log of the newest run is; 0 without one.</summary>
    public long LogLength => NewestLog() is { } log ? new FileInfo(log).Length : 0;

    private async Task WaitForLogAsync(Func<string, bool> isSo)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (NewestLog() is not { } log || !isSo(log))
        {
            Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, Until.Bound);
            await Task.Yield();
        }
    }

    private string? NewestLog()
    {
        var runs = Path.Combine(_state, "backstop", "clean");
        return Directory.Exists(runs)
            ? Directory.EnumerateDirectories(runs).Order(StringComparer.Ordinal).Select(d => Path.Combine(d, "log"))
            .LastOrDefault(File.Exists)
            : null;
    }

    private static string ReadEnd(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(-Math.Min(4096, file.Length), SeekOrigin.End);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    /// <summary>The last line of what <c>--json</c> printed.</summary>
    public static JsonElement Summary(string output) => JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;

    /// <summary>
    /// Judges what was said of every message: how many wanted ones would go, how many unwanted ones would, how many nobody can
    /// tell.
    /// </summary>
    public (int WantedLost, int Found, int Unsure) Judge(string listing, Func<string, int> number)
    {
        var (lost, found, unsure) = (0, 0, 0);
        foreach (var line in listing.Split('\n'))
        {
            var pile = line.Split(' ')[0];
            if (pile is not ("backscatter" or "unsure"))
            {
                continue;
            }

            var isWanted = _truth[number(line[(line.LastIndexOf(' ') + 1)..])].Class == "keep";
            lost += isWanted && pile == "backscatter" ? 1 : 0;
            found += !isWanted && pile == "backscatter" ? 1 : 0;
            unsure += !isWanted && pile == "unsure" ? 1 : 0;
        }

        return (lost, found, unsure);
    }

    /// <summary>The number of a message of <see cref="Maildir"/>.</summary>
    public int NumberOfFile(string path) => _truth.FindIndex(t => t.File == Path.GetFileName(path));

    /// <summary>The number of a message of <see cref="Mbox"/>.</summary>
    public static int NumberInMbox(string name) => int.Parse(name[(name.LastIndexOf('#') + 1)..], CultureInfo.InvariantCulture) - 1;

    /// <summary>The names of the wanted messages' files, in order.</summary>
    public IEnumerable<string> WantedFiles => _truth.Where(t => t.Class == "keep").Select(t => t.File).Order(StringComparer.Ordinal);

    /// <summary>Every name and octet below a path.</summary>
    public static async Task<string> FingerprintAsync(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (
            var entry in Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(
                path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray() : [path])
        {
            hash.AppendData(Encoding.UTF8.GetBytes(entry + "\n"));
            if (File.Exists(entry))
            {
                hash.AppendData(await File.ReadAllBytesAsync(entry, Ct));
                hash.AppendData(BitConverter.GetBytes(Directory.Exists(path) ? File.GetLastWriteTimeUtc(entry).Ticks : 0));
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
