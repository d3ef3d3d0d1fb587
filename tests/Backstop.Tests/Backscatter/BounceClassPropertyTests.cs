using Backstop.Backscatter.Bounces;
using CsCheck;

namespace Backstop.Tests.Backscatter;

/// <summary>Whatever a recipient carries, it has a class, and always the same.</summary>
public sealed class BounceClassPropertyTests
{
    private static readonly string[] _pieces = [
        "4", "5", ".", "1", "550", "-", " ", "\r\n", "\0", "ß", "İ", "\ud83d", "@", "<a@b>", .. ReasonTable.Phrases.Select(p => p.Words)];

    private static readonly string[] _actions = ["failed", "delayed", "delivered", ""];

    private static readonly string[] _codes = [
        .. ReasonTable.Codes.Keys.Select(c => c.Replace('x', '4')), .. ReasonTable.Codes.Keys.Select(c => c.Replace('x', '5'))];

    private static readonly Gen<string> _text = Gen.OneOf(
        Gen.String[0, 200], Gen.Int[0, _pieces.Length - 1].Select(i => _pieces[i]).Array[0, 40].Select(p => string.Concat(p)));

    private static readonly Gen<ReportedRecipient> _recipient = Gen.Select(
        Gen.Int[0, _actions.Length - 1]
            .Select(i => _actions[i]), Gen.OneOf(
            _text, Gen.Int[0, _codes.Length - 1].Select(i => _codes[i])), _text, _text, Gen.Enum<StatusSource>(),
        (action, status, said, report, source) =>
            new ReportedRecipient("a@example.com", action, status, said) { StatusSource = source, ReportText = report });

    [Fact]
    public void Anything_has_a_class_and_always_the_same() => _recipient.Sample(r =>
    {
        var one = r.Class;
        var two = (r with { }).Class;
        Assert.Equal(r.Action is "failed" or "delayed", one is not null);
        Assert.Equal((one?.IsHard, one?.Reason), (two?.IsHard, two?.Reason));
        Assert.Equal(one?.Evidence, two?.Evidence);
    });

    /// <summary>What the page promises.</summary>
    [Fact]
    public void Nothing_is_hard_that_says_nothing_against_the_address() => _recipient.Sample(r =>
    {
        if (r.Class is { IsHard: true } hard)
        {
            Assert.Equal("failed", r.Action);
            Assert.Contains(
                hard.Reason, new[] { BounceReason.MailboxUnknown, BounceReason.MailboxDisabled, BounceReason.Dns, BounceReason.Unknown });
            Assert.DoesNotContain(hard.Evidence, e => e.StartsWith("status 4", StringComparison.Ordinal));
            Assert.NotEmpty(hard.Evidence);
        }
    });

    /// <summary>Each recipient's class is a value of its own: asking changes nothing that equality sees.</summary>
    [Fact]
    public void Asking_changes_nothing() => _recipient.Sample(r =>
    {
        var copy = r with { };
        _ = r.Class;
        Assert.Equal(copy, r);
    });
}
