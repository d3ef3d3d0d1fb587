using System.Text;
using Backstop.Backscatter.Bounces;
using CsCheck;

namespace Backstop.Tests.Backscatter;

/// <summary>The returned Message-ID where no message comes back: in a field of the report, or behind a label in its text.</summary>
public sealed class ReturnedIdTests
{
    private const string Id = "m1.abc@example.org";

    /// <summary>Label, fields about the message, fields about the recipient, the id that must be read.</summary>
    public static TheoryData<string, string, string, string?> Fields => new()
    {
        { "Gmail", $"X-Original-Message-ID: <{Id}>", "", Id },
        { "the name that receipts use", $"Original-Message-ID: <{Id}>", "", Id },
        { "any case, folded, without brackets", $"x-original-message-id:\n {Id}", "", Id },
        { "beside the recipient", "", $"X-Original-Message-ID: <{Id}>", Id },
        { "an envelope id that is a Message-ID", $"Original-Envelope-Id: <{Id}>", "", Id },
        { "an envelope id without brackets", $"Original-Envelope-Id: {Id}", "", Id },
        { "an envelope id in xtext", "Original-Envelope-Id: +3Cm1.abc@example.org+3E", "", Id },
        { "an envelope id in xtext with a plus", "Original-Envelope-Id: +3Cm1+2Babc@example.org+3E", "", "m1+abc@example.org" },
        { "a plus in a plain envelope id stays", "Original-Envelope-Id: <m1+3Cabc@example.org>", "", "m1+3Cabc@example.org" },
        { "a queue's number as envelope id", "Original-Envelope-Id: 4Rx8aF2k1z", "", null },
        { "a number in brackets as envelope id", "Original-Envelope-Id: <4711>", "", null },
        { "the Message-ID before the envelope id", $"Original-Envelope-Id: <e@example.org>\nX-Original-Message-ID: <{Id}>", "", Id },
        { "nothing", "", "", null },
        { "an empty field", "X-Original-Message-ID:", "", null },
        { "empty brackets", "X-Original-Message-ID: <>", "", null },
    };

    /// <summary>What servers write, line by line, and the id that must be read.</summary>
    public static TheoryData<string, string?> Texts => new()
    {
        { $"Message ID: <{Id}>", Id },
        { $"Message-ID: {Id}", Id },
        { $"message-id:<{Id}>", Id },
        { $"> Message-ID: <{Id}>", Id },
        { $"Your message (Message-ID: <{Id}>) was refused.", Id },
        { $"Your message with Message-ID: {Id}.", Id },
        { $"Original Message-ID: <{Id}>", Id },
        { $"Internet message ID:\t<{Id}>", Id },
        { $"Message-ID:\n\t<{Id}>", Id },
        { $"Message ID:\n\n  <{Id}>\nSubject: x", Id },
        { $"Nachrichten-ID: <{Id}>", Id },
        { $"ID de message\u00A0: <{Id}>", Id },
        { $"Id. de mensaje: <{Id}>", Id },
        { $"メッセージ ID：<{Id}>", Id },
        { $"Идентификатор сообщения: <{Id}>", Id },
        { $"Message ID: <{Id}<mailto:{Id}>>", Id },
        { $"Time: 08:03:03, Message-ID: <{Id}>", Id },
        { $"Resent-Message-ID: <{Id}>", null },
        { $"In-Reply-To: <{Id}>", null },
        { "Message ID: 1vXYZ0-0001Ab", null },
        { "Message ID: <4711>", null },
        { "Message ID:\nme@example.org", null },
        { "Message ID:\n\n\n\n<you@example.com>", null },
        { "Message ID: \nRecipient: <you@example.com>", null },
        { $"Message-ID: <{Id}", null },
        { "Message-ID: <@example.org>", null },
        { "Message-ID: <m1@>", null },
        { $"The message <{Id}> was refused.", null },
    };

    public static TheoryData<string, string> Labels => [.. TableFile.Read("idlabels.tsv").Select(r => (r[0], r[1]))];

    [Theory]
    [MemberData(nameof(Fields))]
    public void Fields_of_the_report_name_the_message(string label, string message, string recipient, string? expected)
    {
        var returned = Classify(Dsn(message, recipient)).Returned;
        Assert.True(expected == returned.MessageId, $"{label}: {returned.MessageId}");
        Assert.Equal(expected is null ? "none" : "quoted", returned.Carrier);
    }

    /// <summary>The parts were lost on the way: the fields stand in the text.</summary>
    [Fact]
    public void Fields_in_the_text_name_the_message()
    {
        var returned = Classify(
            Head + $"\nReporting-MTA: dns; mx.example.net\nX-Original-Message-ID: <{Id}>\n\nFinal-Recipient: rfc822; "
                + $"bad@example.com\nAction: failed\n").Returned;
        Assert.Equal((Id, "quoted"), (returned.MessageId, returned.Carrier));
    }

    [Fact]
    public void Message_that_came_back_names_itself()
    {
        var part = "\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <real@example.org>\nFrom: me@example.org\n";
        var returned = Classify(Dsn($"X-Original-Message-ID: <{Id}>", "", part)).Returned;
        Assert.Equal(("real@example.org", "text/rfc822-headers"), (returned.MessageId, returned.Carrier));
    }

    [Fact]
    public void Header_that_came_back_without_an_id_keeps_its_carrier()
    {
        var part = "\n--b\nContent-Type: text/rfc822-headers\n\nSubject: offer\nFrom: me@example.org\n";
        var returned = Classify(Dsn($"X-Original-Message-ID: <{Id}>", "", part)).Returned;
        Assert.Equal((Id, "offer", "text/rfc822-headers"), (returned.MessageId, returned.Subject, returned.Carrier));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_names_the_message(string text, string? expected)
    {
        Assert.Equal(expected, IdLabels.Find(text));
        Assert.Equal(expected, IdLabels.Find(text.Replace("\n", "\r\n", StringComparison.Ordinal)));
        Assert.Equal(expected, Classify($"{Head}\nbad@example.com: 550 5.1.1 no such user\n\n{text}\n").Returned.MessageId);
    }

    [Theory]
    [MemberData(nameof(Labels))]
    public void Every_label_is_understood(string language, string label)
    {
        Assert.Equal(Id, IdLabels.Find($"{label}: <{Id}>"));
        Assert.Equal(Id, IdLabels.Find($"{label.ToUpperInvariant()} \uFF1A {Id}"));
        Assert.True(IdLabels.Begin($" {label}: <{Id}>"), language);

        // What looks like an address there is nobody that mail failed to reach.
        Assert.Equal(
            ["bad@example.com"], Classify($"{Head}\nNo such user: bad@example.com\n{label}: <{Id}>\n").Recipients.Select(r => r.Address));
    }

    /// <summary>An order, or somebody who asks about a bounce: a line of text returns no message, so it makes no bounce.</summary>
    [Fact]
    public void Named_id_is_no_evidence_of_a_bounce()
    {
        var report = Classify(
            $"From: kim@example.com\nTo: me@example.org\nSubject: Delivery failed?\n\nI got this: user unknown.\nMessage ID: <{Id}>\n");
        Assert.Equal((MailKind.None, null, "none"), (report.Kind, report.Returned.MessageId, report.Returned.Carrier));
    }

    /// <summary>An empty pair of brackets is no id: two messages without one would know each other.</summary>
    [Theory]
    [InlineData("< >", "")]
    [InlineData("<>", "")]
    [InlineData("<\t> <a@b.example>", "a@b.example")]
    [InlineData("<a@b.example> < > < c@d.example >", "a@b.example c@d.example")]
    public void Empty_brackets_are_no_id(string body, string ids) => Assert.Equal(ids, string.Join(' ', MessageIds.All(body)));

    [Fact]
    public void Any_text_is_read_without_an_exception() =>
        Gen.OneOf(
            "Message-ID", "Message ID", ":", "\uFF1A", "<", ">", "@", "a", "\n", "\r\n", " ", "(", "\t", "メッセージ ID", "+3C", ">")
        .Array[0, 30].Sample(words =>
        {
            var text = string.Concat(words);
            Assert.DoesNotContain(IdLabels.Find(text) ?? "", c => char.IsWhiteSpace(c) || c is '<' or '>');
            MessageIds.OfEnvelope(text);
            IdLabels.Begin(text);
        });

    [Fact]
    public void Named_id_is_found_wherever_it_stands_in_the_text() =>
        Gen.Select(
            Gen.OneOf("hello", "To: you@example.com", "", "a: b: c", "Error: 550").Array[0, 20],
            Gen.String[Gen.Char.AlphaNumeric, 1, 40], Gen.Int[0, 20]).Sample((lines, local, at) =>
        {
            var all = lines.ToList();
            all.Insert(Math.Min(at, all.Count), $"Message ID: <{local}@example.org>");
            Assert.Equal($"{local}@example.org", IdLabels.Find(string.Join('\n', all)));
        });

    private const string Head = "Return-Path: <>\nFrom: Mail Delivery Subsystem <mailer-daemon@mx.example.net>\nTo: "
        + "me@example.org\nSubject: Delivery Status Notification (Failure)\n";

    private static BounceReport Classify(string message) => BounceClassifier.Classify(Encoding.UTF8.GetBytes(message), null);

    private static string Dsn(string message, string recipient, string part = "") =>
        Head
            + "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: "
            + "text/plain\n\nNot delivered.\n"
        + "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n" + (message.Length > 0 ? message + "\n" : "")
        + "\nFinal-Recipient: rfc822; bad@example.com\nAction: failed\nStatus: 5.1.1\n"
        + (recipient.Length > 0 ? recipient + "\n" : "") + part + "\n--b--\n";
}
