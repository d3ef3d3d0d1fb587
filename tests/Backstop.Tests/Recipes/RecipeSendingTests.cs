namespace Backstop.Tests.Recipes;

/// <summary>What recipes send: no backscatter, nothing beyond what a mailbox may send in an hour, nothing twice.</summary>
public sealed class RecipeSendingTests
{
    private readonly FakeHost _host = new();

    [Theory]
    [InlineData("From MAILER-DAEMON Mon Nov  2 10:00:00 2026\nSubject: x\n\nb\n", ":0\n! me@example.com\n", false)]
    [InlineData("Return-Path: <>\nSubject: x\n\nb\n", ":0 hc\n| formail -r | $SENDMAIL -t\n", false)]
    [InlineData("From a@b Mon\nAuto-Submitted: auto-replied\n\nb\n", ":0 hc\n| (formail -r; echo) | /usr/sbin/sendmail -t\n", false)]
    [InlineData("From a@b Mon\nPrecedence: list\n\nb\n", ":0 hc\n| vacation bob\n", false)]
    [InlineData("From a@b Mon\nX-Loop: bob@example.net\n\nb\n", ":0\n! me@example.com\n", false)]
    [InlineData(
        "From a@b Mon\nDelivered-To: bob@example.net\nDelivered-To: eve@example.net\nDelivered-To: Bob@example.net\n\nb\n",
        ":0\n! eve@example.net\n", false)]
    [InlineData("From a@b Mon\nDelivered-To: bob+x@example.net\nDelivered-To: <bob@example.net>\n\nb\n", ":0\n! eve@example.net\n", false)]
    [InlineData(
        "From a@b Mon\nDelivered-To: bob@example.net\nDelivered-To: bob@example.net\n\nb\n",
        ":0 c\n| formail -I Received | $SENDMAIL eve@example.net\n", false)]
    [InlineData("From a@b Mon\nDelivered-To: bob@example.net\nDelivered-To: eve@example.net\n\nb\n", ":0\n! eve@example.net\n", true)]
    [InlineData("From a@b Mon\nSubject: x\n\nb\n", ":0 hc\n| vacation bob\n", true)]
    [InlineData("From MAILER-DAEMON Mon\nSubject: x\n\nb\n", "BACKSTOP_GUARD=no\n:0\n! me@example.com\n", true)]
    public void Recipes_make_no_backscatter(string mail, string rc, bool sends)
    {
        _host.Run(rc, mail: mail);
        Assert.Equal(sends, _host.Ran.Count > 0);
    }

    /// <summary>
    /// Each of two mailboxes sends every mail on to the other, twice: it doubled at every hop until a hundred hops were over.
    /// </summary>
    [Fact]
    public void Mailboxes_that_send_on_to_each_other_stop_when_a_mail_comes_back()
    {
        var waiting = new Queue<(string To, string Header)>([("bob", "")]);
        var runs = 0;
        while (waiting.TryDequeue(out var mail) && runs < 1000)
        {
            runs++;
            var other = mail.To == "bob" ? "eve" : "bob";
            var header = $"Delivered-To: {mail.To}@example.net\n{mail.Header}";
            _host.Ran.Clear();
            _host.Run(
                $"RECIPIENT={mail.To}@example.net\n:0 c\n! {other}@example.net\n:0\n! {other}@example.net\n",
                mail: $"From a@b Mon\n{header}Subject: x\n\nb\n");
            _host.Ran.ForEach(_ => waiting.Enqueue((other, header)));
        }

        Assert.Equal(1 + 2 + 4, runs);
    }

    [Fact]
    public void Mail_beyond_what_may_be_sent_on_waits_and_nothing_of_it_is_decided()
    {
        _host.Forwards = 1;
        const string rc = "TRAP=trap\nEXITCODE=67\n:0\n! eve@example.net\n";
        Assert.Equal((67, true), _host.Run(rc) is var first ? (first.ExitCode, first.IsDelivered) : default);
        _host.Ran.Clear();
        var outcome = _host.Run(rc);
        Assert.Equal((75, false), (outcome.ExitCode, outcome.IsDelivered));
        Assert.Contains("as many mails as it may in an hour", outcome.Folder, StringComparison.Ordinal);
        Assert.Empty(_host.Ran);
        Assert.Empty(_host.Delivered);

        // In a copy's block too: the message as a whole waits.
        Assert.Equal(75, _host.Run(":0 c\n{\n:0\n! eve@example.net\n}\n:0\nbox\n").ExitCode);
        Assert.Empty(_host.Delivered);
    }

    /// <summary>A message that must wait begins anew: what has been seen outside before that would be seen twice.</summary>
    [Theory]
    [InlineData(":0 c\nbox\n:0\n! eve@example.net\n")]
    [InlineData(":0 c\n| notify\n:0\n! eve@example.net\n")]
    [InlineData(":0 c\n! eve@example.net\n:0 c\n! fay@example.net\n:0\n! gil@example.net\n")]
    [InlineData(":0 c\n! eve@example.net\n:0 hc\n| formail -r | $SENDMAIL -t\n")]
    [InlineData(":0 c\n{\n:0\nbox\n}\n:0\n! eve@example.net\n")]
    [InlineData(":0 c\n{\n:0 c\n{\n:0\nbox\n}\n:0\nother\n}\n:0\n* ^Subject\n{\n:0\n! eve@example.net\n}\n")]
    [InlineData(":0 c\n{\nTRAP=trap\n:0\n/dev/null\n}\n:0\n! eve@example.net\n")]
    [InlineData(":0\n* ? count\n{\n:0 fw\n| tee\nA=|count up\n:0\n! eve@example.net\n}\n")]
    [InlineData("A=`count`\n:0\n! eve@example.net\n")]
    [InlineData(":0\n! `whom`\n")]
    [InlineData(":0 c\nbox\nINCLUDERC=/home/more\n")]
    [InlineData(":0 c\n{\n:0\nbox\n}\nSWITCHRC=/home/more\n")]
    [InlineData("TRAP=trap\n:0 E\nbox\n:0\n! eve@example.net\n")]
    public void What_was_done_is_not_done_again_when_a_mail_must_wait(string rc)
    {
        _host.RcFiles["/home/more"] = ":0\n! hal@example.net\n";
        Assert.True(_host.Run(rc).IsDelivered);
        var done = Taken();
        foreach (var forwards in (int[])[0, 1, 2])
        {
            _host.Forwards = forwards;
            if (_host.Run(rc) is { IsDelivered: false } waiting)
            {
                Assert.Equal(75, waiting.ExitCode);
                Assert.Empty(_host.Delivered);
                _host.Forwards = int.MaxValue;
                Assert.True(_host.Run(rc).IsDelivered);
            }

            Assert.Equal(done, Taken());
        }

        string[] Taken()
        {
            string[] taken = [.. _host.Ran, .. _host.Delivered];
            _host.Ran.Clear();
            _host.Delivered.Clear();
            _host.Answered.Clear();
            return taken;
        }
    }

    /// <summary>Only what is followed by a mail that may not be sent now waits for it.</summary>
    [Theory]
    [InlineData(":0 c\n| notify\n:0\nbox\n")]
    [InlineData(":0\nbox\n:0\n! eve@example.net\n")]
    [InlineData(":0\n* ^Subject: dinner\n! eve@example.net\n:0 c\n| notify\n:0\nbox\n")]
    [InlineData(":0\n* ^Subject: dinner\n{\n:0\n! eve@example.net\n}\n:0 E\n{\n:0 c\nother\n:0\n| notify\n}\n")]
    [InlineData("BACKSTOP_GUARD=no\n:0 c\n| notify\n:0\n! eve@example.net\n")]
    public void What_sends_nothing_on_does_not_wait(string rc)
    {
        _host.Forwards = 0;
        Assert.True(_host.Run(rc).IsDelivered);
    }

    [Fact]
    public void A_mail_that_is_not_sent_on_yet_is_not_remembered_as_answered()
    {
        const string rc = ":0 hc\n| vacation bob\n";
        _host.Forwards = 0;
        Assert.Equal(75, _host.Run(rc).ExitCode);
        Assert.Empty(_host.Answered);
        _host.Forwards = 1;
        Assert.True(_host.Run(rc).IsDelivered);
        Assert.Single(_host.Ran);

        // Who has been answered this week needs no mail, and waits for none.
        Assert.True(_host.Run(rc).IsDelivered);
        Assert.Single(_host.Ran);
    }

    [Fact]
    public void Nobody_is_answered_twice()
    {
        const string rc = ":0 hc\n| vacation bob\n";
        _host.Run(rc);
        _host.Run(rc);
        Assert.Single(_host.Ran);
        Assert.Equal(2, _host.Delivered.Count);
    }
}
