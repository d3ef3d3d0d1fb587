using System.Text;
using Backstop.Configuration.Options;
using Backstop.Deliver;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What a mailbox's recipes leave behind where they cannot be carried out to their end, with real programs.</summary>
public sealed class MailboxRecipesTests : IDisposable
{
    private const string Acts = ":0 c\n| echo x >>acted; true\n";

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 6, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Mail_above_the_forwarding_limit_waits_before_any_recipe_acts()
    {
        File.WriteAllText(_folder["mailer"], "#!/bin/sh\necho x >>acted\ncat >>sent\n");
        File.SetUnixFileMode(_folder["mailer"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var (recipes, content) = await MakeAsync(
            $"SENDMAIL={_folder["mailer"]}\n:0 c\ncopies/\n{Acts}:0 c: own.lock\nlocked\n:0\n! eve@example.net\n");
        Assert.Null(recipes.Run(content, 0, null, out var plan));
        Assert.Equal("copies", Path.GetFileName(Assert.Single(plan).Folder.Path));
        Assert.Equal(2, Acted);
        var locked = File.ReadAllText(_folder["mail/locked"]);

        for (var i = 0; i < 3; i++)
        {
            Assert.Contains("in an hour", recipes.Run(content, 0, null, out _), StringComparison.Ordinal);
            Assert.Equal(2, Acted);
            Assert.Equal(locked, File.ReadAllText(_folder["mail/locked"]));
        }

        _time.Advance(TimeSpan.FromHours(3));
        Assert.Null(recipes.Run(content, 0, null, out _));
        Assert.Equal(4, Acted);
    }

    /// <summary>Mail whose recipes fail at their end was tried again every five minutes, and so was what they had done before.</summary>
    [Theory]
    [InlineData("HOST=elsewhere\n")]
    [InlineData("DEFAULT=/nowhere/box\nORGMAIL=/nowhere/box\n")]
    [InlineData("DEFAULT=\nORGMAIL=\n")]
    [InlineData("LOCKFILE=no\0lock\n")]
    public async Task Recipes_that_have_acted_are_not_run_again(string rc)
    {
        var (recipes, content) = await MakeAsync(Acts + rc);
        Assert.Null(recipes.Run(content, 0, null, out var plan));
        Assert.Equal(1, Acted);
        Assert.Equal(RecipeCopy.Untouched(recipes.Inbox), Assert.Single(plan));
    }

    /// <summary>
    /// A NUL in a header, or in what a program writes, named a folder that can nowhere be: the mail was tried again for ever.
    /// </summary>
    [Theory]
    [InlineData(":0\n* ^X-Folder: \\/.*\n$MATCH/\n")]
    [InlineData(
        ":0\n* ^X-Folder: \\/.*\n{\nLOCKFILE=$MATCH.lock\nLOGFILE=$MATCH.log\nMAILDIR=$MATCH\nINCLUDERC=$MATCH\nLOCKFILE\n:0\n$MATCH/\n"
            + "}\n")]
    [InlineData("A=`printf 'a\\000b'`\n:0\n$A/\n")]
    [InlineData(":0\nA=| printf 'a\\000b'\n:0\n$A/\n")]
    [InlineData(":0\n`printf 'a\\000b'`/\n")]
    public async Task A_value_ends_at_a_nul_as_for_the_kernel(string rc)
    {
        var (recipes, content) = await MakeAsync(rc);
        Assert.Null(recipes.Run(content, 0, null, out var plan));
        Assert.Equal("a", Path.GetFileName(Assert.Single(plan).Folder.Path));
    }

    [Fact]
    public async Task Recipes_that_have_not_acted_run_again_later()
    {
        var (recipes, content) = await MakeAsync("HOST=elsewhere\n");
        Assert.NotNull(recipes.Run(content, 0, null, out _));
    }

    /// <summary>An rcfile means the same in the server and in the delivery agent; what differs is meant to, and named here.</summary>
    [Fact]
    public async Task Recipes_begin_with_the_variables_of_a_delivery_but_for_those_that_are_meant_to_differ()
    {
        var (recipes, content) = await MakeAsync(":0 c\n| env -0 >vars; true\n");
        Assert.Null(recipes.Run(content, 0, null, out _));
        var server = File.ReadAllText(_folder["mail/vars"]).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(v => v.Split('=', 2)).Where(v => v[0] is not ("PWD" or "OLDPWD" or "SHLVL" or "_"))
            .ToDictionary(v => v[0], v => v[1], StringComparer.Ordinal);
        var agent = AgentEnvironment.For(
            new("me", 1, 1, _folder["mail"], "/bin/sh"), "host", kept: null, isGeneralFilter: false, isHere: false);
        agent.Remove("TZ");

        Assert.Equal(
            ["RECIPIENT", "SENDER", "TIMEOUT"], server.Keys.Except(agent.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Empty(agent.Keys.Except(server.Keys, StringComparer.Ordinal));
        Assert.Equal(["DEFAULT", "ORGMAIL", "PATH"], agent.Keys.Where(k => agent[k] != server[k]).Order(StringComparer.Ordinal));
        Assert.Equal("3.23pre", server["PROCMAIL_VERSION"]);
    }

    private int Acted => File.ReadAllLines(_folder["mail/acted"]).Length;

    private async Task<(MailboxRecipes Recipes, SpoolContent Content)> MakeAsync(string rc)
    {
        Directory.CreateDirectory(_folder["mail"]);
        File.WriteAllText(_folder["rc"], rc);
        var mailbox = new Mailbox(
            MailAddress.TryParse("me@example.org")!, FolderFormat.Maildir, _folder["mail/Maildir"], ["me@example.org"], _folder["rc"]);
        var (spool, _, _) = SpoolLog.Open(_folder["spool"], new(), TimeProvider.System);
        using var log = spool;
        var body = Encoding.ASCII.GetBytes("X-Folder: a\0b\nSubject: x\n\none\n");
        var entry = await spool.AppendAsync(
            spool.NextId(),
            new(1_700_000_000_000, "a@b.example", 3, null, body.Length, "Received: x\n", [new(mailbox.Folder(FolderRef.Inbox), "")]),
            body);
        var options = new BackstopOptions { Hostname = "host", Data = _folder["data"] };
        options.Recipes.MaxForwards = 1;
        return (new MailboxRecipes(mailbox, options, new(), _time, _ => { }), spool.Read(entry));
    }
}
