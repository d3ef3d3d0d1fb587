using System.Globalization;
using System.Text;
using Backstop.Clean;
using Backstop.Clean.Imap;
using Backstop.Clean.Running;
using Backstop.Configuration.Options;
using Backstop.Mailboxes.Runs;

namespace Backstop.Tests.Imap;

/// <summary>
/// IMAP servers that lie or leave: each is one line of error with code 69 or 76, long before memory, stack or patience run out, and
/// the run can be gone on with. A server's lie stands in a file of <c>servers/</c>.
/// </summary>
public sealed class LyingImapTests : IDisposable
{
    private static readonly string _servers = Path.Combine(HouseRulesTests.Root(), "tests", "Backstop.Tests", "Imap", "servers");

    private readonly TempFolder _folder = new();

    public static TheoryData<string> Servers =>
        [.. Directory.GetFiles(_servers).Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Lie_is_one_line_and_a_code(string server)
    {
        var (expected, run, script) = Read(server);
        await using var imap = new FakeImap(script);
        var fault = await Assert.ThrowsAnyAsync<CleanException>(() =>
            CleanAsync(
                imap, run == "apply", run == "hurry" ? new HurriedTime(TimeSpan.MaxValue) : new HurriedTime(TimeSpan.FromMinutes(1))));
        Assert.Equal(expected.Split(' ')[0], ExitCode.Of(fault.Failure).ToString(CultureInfo.InvariantCulture));
        Assert.Contains(expected[(expected.IndexOf(' ', StringComparison.Ordinal) + 1)..], fault.Message, StringComparison.Ordinal);
        Assert.StartsWith("imap://me@127.0.0.1", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(fault.Message, char.IsControl);

        // What is not read is not kept: the sockets' buffers are in it.
        Assert.InRange(imap.Sent, 0, 64 << 20);
    }

    /// <summary>It hangs up in the middle of any response; the same command goes on, and every message is in one place.</summary>
    [Fact]
    [Trait("run", "full")]
    public async Task Run_goes_on_wherever_the_server_hung_up()
    {
        for (var cut = 1; ; cut++)
        {
            await using var imap = new FakeImap { CutAt = cut };
            var store = _folder[$"cut{cut}"];
            for (var tries = 0; imap.Count("Backscatter") < 3; tries++)
            {
                Assert.True(tries < 5, $"cut {cut}: {imap.Count("Backscatter")} of 3 moved");
                var error = await Record.ExceptionAsync(() =>
                    CleanAsync(imap, isApply: true, new HurriedTime(TimeSpan.FromMinutes(1)), store));
                Assert.True(
                    error is null or CleanException { Failure: CleanFailure.Unavailable or CleanFailure.Protocol },
                    $"cut {cut}: {error}");
                Assert.Equal(3, imap.Count("INBOX") + imap.Count("Backscatter"));
            }

            if (imap.Responses < cut)
            {
                // The whole run has fewer responses.
                Assert.InRange(cut, 15, 200);
                return;
            }
        }
    }

    [Fact]
    public async Task Server_that_does_as_it_should_is_cleaned_and_undone()
    {
        await using var imap = new FakeImap();
        await CleanAsync(imap, isApply: true, TimeProvider.System);
        Assert.Equal((0, 3), (imap.Count("INBOX"), imap.Count("Backscatter")));
        using var run = Store(_folder["runs"]).Open(Assert.Single(Store(_folder["runs"]).List()).Id);
        Assert.Equal(3, (await ImapUndo.RunAsync(run!, Access(null), new Meter(), TimeProvider.System, Ct)).Restored);
        Assert.Equal((3, 0), (imap.Count("INBOX"), imap.Count("Backscatter")));
    }

    private Task CleanAsync(FakeImap imap, bool isApply, TimeProvider time) => CleanAsync(imap, isApply, time, _folder["runs"]);

    private static async Task CleanAsync(FakeImap imap, bool isApply, TimeProvider time, string store)
    {
        var options = new CleanOptions { IsApply = isApply };
        var cleaner = new Cleaner(
            options, new(new BackstopOptions(), hasConfig: false, journal: null, Access(null), time), Store(store), time);
        await using var source = await ImapSource.OpenAsync(
            ImapAddress.Parse($"imap://me@127.0.0.1:{imap.Port}"), Access(null), options, time, Ct);
        using var resumed = await cleaner.ResumeAsync(source, _ => { }, Ct);
        await cleaner.RunAsync(source, resumed, new(), Ct);
    }

    /// <summary>A person who types the password.</summary>
    internal static ImapAccess Access(string? caFile) => new(new((_, _) => Task.FromResult("secret"), TimeProvider.System), caFile);

    private static RunStore Store(string folder) => new(folder, TimeProvider.System);

    private static (string Expected, string Run, Dictionary<string, List<string>> Script) Read(string server)
    {
        var (expected, run) = ("", "");
        var script = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        List<string>? section = null;
        foreach (var line in File.ReadLines(Path.Combine(_servers, server + ".imap"), Encoding.Latin1).Where(l => !l.StartsWith('#')))
        {
            if (line.StartsWith('@'))
            {
                script[line[1..]] = section = [];
            }
            else if (section is not null)
            {
                section.Add(line);
            }
            else if (line.StartsWith("expect: ", StringComparison.Ordinal))
            {
                expected = line[8..];
            }
            else if (line.StartsWith("run: ", StringComparison.Ordinal))
            {
                run = line[5..];
            }
        }

        return (expected, run, script);
    }

    /// <summary>Timers shorter than a limit go off a thousand times sooner: pauses between tries cost nothing.</summary>
    private sealed class HurriedTime(TimeSpan limit) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero && dueTime < limit ? dueTime / 1000 : dueTime, period);
    }
}
