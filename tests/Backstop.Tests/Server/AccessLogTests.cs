using System.Globalization;
using System.Reflection;
using Backstop.Configuration.Options;
using Backstop.Logging;
using Backstop.Server;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Where the lines of the log go: to journald with their priority, to a file that logrotate may rename.</summary>
public sealed class AccessLogTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 4, 0, 0, TimeSpan.Zero));

    private string LogFile => _folder["access.log"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Journald_gets_priorities_instead_of_times()
    {
        using var output = new MemoryStream();
        using (var provider = new LineLoggerProvider(output, _time, isForJournald: true))
        {
            Write(provider, LogLevel.Error, 1, "broken");
            Write(provider, LogLevel.Warning, 2, "odd");
            Write(provider, LogLevel.Information, 3, "as usual");
        }

        Assert.Equal("<3>error 1 broken\n<4>warn 2 odd\n<6>info 3 as usual\n", System.Text.Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData("8:4711", 4711UL, true)]
    [InlineData("8:4711", 4712UL, false)]
    [InlineData("8:x", 4711UL, false)]
    [InlineData("4711", 4711UL, false)]
    [InlineData(null, 4711UL, false)]
    [InlineData("8:4711", null, false)]
    public void Journald_is_known_by_its_stream(string? stream, ulong? inode, bool expected) =>
        Assert.Equal(expected, Journald.Is(stream, inode));

    /// <summary>logrotate renames the file; the next line is in a new one, and none is lost.</summary>
    [Fact]
    public void Renamed_file_is_opened_anew()
    {
        using (var provider = Provider())
        {
            Write(provider, LogLevel.Information, 2002, "refused client=192.0.2.1");
            Write(provider, LogLevel.Information, 5001, "not about a client");
            _time.Advance(TimeSpan.FromSeconds(1));
            File.Move(LogFile, LogFile + ".1");
            Write(provider, LogLevel.Information, 2002, "refused client=192.0.2.2");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("2026-11-30T04:00:00.000Z info 2002 refused client=192.0.2.1\n", File.ReadAllText(LogFile + ".1"));
        Assert.Equal("2026-11-30T04:00:01.000Z info 2002 refused client=192.0.2.2\n", File.ReadAllText(LogFile));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
            File.GetUnixFileMode(LogFile));
    }

    /// <summary>A disk that is full, or a folder that is gone: mail goes on, and the log says how much it lacks.</summary>
    [Fact]
    public void Lines_that_could_not_be_written_are_counted()
    {
        using (var provider = Provider())
        {
            Directory.CreateDirectory(LogFile);
            Write(provider, LogLevel.Information, 2002, "refused client=192.0.2.1");
            Write(provider, LogLevel.Information, 2002, "refused client=192.0.2.2");
            _time.Advance(TimeSpan.FromSeconds(1));
            Directory.Delete(LogFile);
            Write(provider, LogLevel.Information, 2002, "refused client=192.0.2.3");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var lines = File.ReadAllLines(LogFile);
        Assert.Equal(2, lines.Length);
        Assert.EndsWith("refused client=192.0.2.3", lines[0], StringComparison.Ordinal);
        Assert.Contains(" warn 0 2 log lines were dropped", lines[1], StringComparison.Ordinal);
    }

    /// <summary>Each event that names the client of a mail is there, and each that is listed exists.</summary>
    [Fact]
    public void It_has_every_event_of_a_client()
    {
        var events = new[] { typeof(BackstopServer).Assembly, typeof(Backstop.Judging.Transaction).Assembly }
            .SelectMany(a => a.GetTypes())
            .SelectMany(t => t.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(m => (m.DeclaringType!.Namespace, Event: m.GetCustomAttribute<LoggerMessageAttribute>()))
            .Where(e => e.Event is not null).ToList();
        var ofClients = events.Where(e => e.Event!.Message.Contains("client={Client}", StringComparison.Ordinal)
            && e.Namespace?.EndsWith(".Spamd", StringComparison.Ordinal) == false).Select(e => e.Event!.EventId).ToList();
        Assert.NotEmpty(ofClients);
        Assert.All(ofClients, id => Assert.True(AccessEvents.Has(id), string.Create(CultureInfo.InvariantCulture, $"{id} is missing")));
        Assert.Equal(13, events.Count(e => AccessEvents.Has(e.Event!.EventId)));
    }

    [Fact]
    public void Path_is_checked()
    {
        Assert.Empty(Problems(LogFile));
        Assert.Contains("is a folder", Assert.Single(Problems(_folder[""])), StringComparison.Ordinal);
        Assert.Contains("no such folder", Assert.Single(Problems(_folder["none/access.log"])), StringComparison.Ordinal);
    }

    private static List<string> Problems(string path)
    {
        var problems = new Collected();
        new LogOptions { Access = path }.Check(problems);
        return problems.All;
    }

    private LineLoggerProvider Provider() => new(new RotatedFile(LogFile), _time, has: AccessEvents.Has);

    private static void Write(LineLoggerProvider provider, LogLevel level, int id, string text) =>
        provider.CreateLogger("x").Log(level, new EventId(id), text, null, (state, _) => state);

    private sealed class Collected : IConfigProblems
    {
        public List<string> All { get; } = [];

        public void Add(string key, string text) => All.Add($"{key}: {text}");

        public void Warn(string key, string text) => All.Add($"{key}: {text}");
    }
}
