using System.Diagnostics;
using Backstop.Judging.Rules;
using Backstop.Server.Smtp;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>A session of ours never ends without a word: not for a bug, a failing disk, or a clock that runs late.</summary>
public sealed class SessionEndTests
{
    private readonly RulesTime _time = new();

    public static TheoryData<Exception> Faults => [new InvalidOperationException("a bug"), new IOException("a disk")];

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task Whatever_goes_wrong_the_client_is_told_to_try_again(Exception fault)
    {
        using var log = new LogLines();
        await using var server = await TestServer.StartAsync(time: _time, logging: l => l.AddProvider(log));
        _time.InRules = () => throw fault;
        Assert.Equal("421 4.3.0 Temporary trouble; closing, try again later", await SendAsync(server));
        Assert.StartsWith("250", await SendAsync(server), StringComparison.Ordinal);
        await server.StopAsync();
        var line = Assert.Single(log.All, l => l.Contains("dropped because of a bug", StringComparison.Ordinal));
        Assert.Contains(fault.Message, line, StringComparison.Ordinal);
    }

    /// <summary>A machine that slept finds every deadline long past: a client that is cut off then never hears why.</summary>
    [Fact]
    public void Deadline_that_is_found_out_late_leaves_time_to_say_so()
    {
        var connection = new Cut();
        var clock = new SessionClock(connection, _time);
        clock.Within(TimeSpan.FromMinutes(5));
        _time.Advance(TimeSpan.FromDays(1));
        clock.Check(_time.GetTimestamp());
        Assert.Equal((true, false), (clock.IsOver, connection.IsCut));
        _time.Advance(TimeSpan.FromSeconds(11));
        clock.Check(_time.GetTimestamp());
        Assert.True(connection.IsCut);
    }

    [Fact]
    public async Task Time_that_we_take_for_a_message_is_not_the_clients()
    {
        await using var server = await TestServer.StartAsync(time: _time);
        _time.InRules = () => _time.Advance(server.Options.Smtp.MessageTimeout + TimeSpan.FromMinutes(5));
        Assert.StartsWith("250", await SendAsync(server), StringComparison.Ordinal);
    }

    private static Task<string> SendAsync(TestServer server) =>
        ServerMail.SendAsync(server, "<a@b.example>", "me@example.org", "Subject: hello\n\nhello\n");

    private sealed class Cut : DefaultConnectionContext
    {
        public bool IsCut { get; private set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsCut = true;
    }

    /// <summary>A clock that does something once, when the rules after the data look at it.</summary>
    private sealed class RulesTime() : FakeTimeProvider(new DateTimeOffset(2026, 11, 30, 6, 0, 0, TimeSpan.Zero))
    {
        private Action? _inRules;

        public Action InRules
        {
            set => _inRules = value;
        }

        public override DateTimeOffset GetUtcNow()
        {
            if (_inRules is not null && new StackTrace().GetFrames().Any(f => OuterOf(f) == typeof(ContentRules)))
            {
                Interlocked.Exchange(ref _inRules, null)?.Invoke();
            }

            return base.GetUtcNow();
        }

        private static Type? OuterOf(StackFrame frame) =>
            frame.GetMethod()?.DeclaringType is { } type ? type.DeclaringType ?? type : null;
    }
}
