using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;

namespace Backstop.Tests.Server;

/// <summary>Recipes of one user do not take the places of all.</summary>
public sealed class UserTurnsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly UserTurns _turns = new(2);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Others_go_on_while_a_user_waits_for_his_own()
    {
        RecipeJob[] ann = [.. Enumerable.Range(0, 5).Select(i => Job("ann", 1001, i == 4 ? Lane.Real : Lane.Flood))];
        Assert.Equal([true, true, false, false, false], ann.Select(_turns.TryBegin));
        Assert.True(_turns.TryBegin(Job("bob", 1002, Lane.Flood)));
        Assert.All(Enumerable.Range(0, 5), _ => Assert.True(_turns.TryBegin(Job(null, 0, Lane.Flood))));

        // Real mail first, then in order; and what is returned begins like any other.
        Assert.Same(ann[4], _turns.End(ann[0]));
        Assert.True(_turns.TryBegin(ann[4]));
        Assert.Same(ann[2], _turns.End(ann[1]));
        Assert.True(_turns.TryBegin(ann[2]));
        Assert.Same(ann[3], _turns.End(ann[2]));
        Assert.True(_turns.TryBegin(ann[3]));
        Assert.Null(_turns.End(ann[3]));
        Assert.Null(_turns.End(ann[4]));
        Assert.True(_turns.TryBegin(ann[0]));
    }

    private RecipeJob Job(string? name, int user, Lane lane)
    {
        var mailbox = new Mailbox(
            MailAddress.TryParse("me@example.org")!, FolderFormat.Maildir, _folder["Maildir"], ["me@example.org"], "/rc")
        {
            User = name is null ? null : new(name, user, user, "/home/" + name, "/bin/sh"),
        };
        var recipes = new MailboxRecipes(mailbox, new BackstopOptions { Data = _folder["data"] }, new(), TimeProvider.System, _ => { });
        return new(new InDelivery(SpoolEntry.Elsewhere(1), lane, replayed: false), 0, 0, recipes);
    }
}
