using System.Globalization;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.State;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>
/// Storms raised on purpose, to have somebody's genuine bounces refused: rates, sources and kinds are drawn; each victim has a twin
/// with the same journal whom nobody attacks, and what the twin gets the victim must get.
/// </summary>
public sealed class StormAttackTests
{
    private const int Attacks = 250;

    // A quarter of an hour is the least that servers wait; some wait for hours.
    private static readonly int[] _retryMinutes = [5, 15, 30, 60, 120, 240];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 6, 0, 0, TimeSpan.Zero));

    [Fact]
    [Trait("run", "full")]
    public Task No_attack_has_a_genuine_bounce_refused() => RefusesNothingGenuineAsync(seed: 1);

    [Fact]
    [Trait("run", "full")]
    public Task No_other_attack_has_a_genuine_bounce_refused() => RefusesNothingGenuineAsync(seed: 2);

    private async Task RefusesNothingGenuineAsync(int seed)
    {
        var random = new Random(seed);
        using var rig = new RuleRig(_time, Enumerable.Range(0, Attacks).SelectMany(i => new[] { Name("victim", i), Name("twin", i) }));
        var (raised, genuine, late) = (0, 0, 0);
        var wrong = new List<string>();
        for (var attack = 0; attack < Attacks; attack++)
        {
            var (victim, twin) = (Name("victim", attack), Name("twin", attack));
            Fill(rig.Journal, victim, attack % 3);
            Fill(rig.Journal, twin, attack % 3);
            var plan = Plan.Draw(random);
            for (var message = 0; message < plan.Messages; message++)
            {
                var fate = await AttackAsync(rig, plan, victim, message, random);
                if (fate.Action == VerdictAction.Deliver)
                {
                    wrong.Add($"attack {attack} {plan}: in the inbox {fate}");
                }

                _time.Advance(plan.Every);
                if (message % 10 == 9)
                {
                    rig.Storms.Tick();
                }
            }

            raised += rig.Storms.Watch.IsStorm(victim, StormKind.BounceFlood) ? 1 : 0;
            foreach (var kind in Enum.GetValues<Genuine>())
            {
                var expected = await TryAsync(rig, twin, kind, attack, random);
                if (expected.Action != VerdictAction.Refuse)
                {
                    var fate = await TryAsync(rig, victim, kind, attack, random);
                    genuine++;
                    late += fate.Tries > 1 ? 1 : 0;
                    if ((fate.Action, fate.Folder) != (expected.Action, expected.Folder))
                    {
                        wrong.Add($"attack {attack} {plan}: {kind} {fate}, without the attack {expected}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {genuine}:\n{string.Join('\n', wrong.Take(10))}");
        Assert.InRange(raised, Attacks / 3, Attacks);
        Assert.InRange(genuine, Attacks * 3, Attacks * 6);
        Assert.InRange(late, 1, genuine / 2);
    }

    private static string Name(string who, int number) => string.Create(CultureInfo.InvariantCulture, $"{who}{number}@example.org");

    // Nothing known, a little of three days, or enough to refuse what proves nothing.
    private void Fill(SentJournal journal, string owner, int kind)
    {
        var (count, days) = kind switch { 0 => (0, 0), 1 => (3, 3), _ => (40, 20) };
        journal.Add(Enumerable.Range(0, count).Select(i => new SentMessage(
            Backstop.Mail.MailAddress.TryParse(owner)!, string.Create(CultureInfo.InvariantCulture, $"sent{i}.{owner}"), [
                new(string.Create(CultureInfo.InvariantCulture, $"friend{i}"), "friend.example")],
            _time.GetUtcNow().AddDays(-days).AddHours(i))));
    }

    private static Task<Fate> AttackAsync(RuleRig rig, Plan plan, string victim, int message, Random random)
    {
        var client = string.Create(
            CultureInfo.InvariantCulture, $"198.{random.Next(plan.Networks)}.{random.Next(256)}.{random.Next(1, 255)}");
        return plan.Kind switch
        {
            AttackKind.ForgedTags => rig.SendAsync(client, "", $"prvs=0792aaaaaa={victim}", ""),
            AttackKind.Mixed when message % 2 == 0 => rig.SendAsync(client, "", $"prvs=0792aaaaaa={victim}", ""),
            AttackKind.AutoReplies =>
                rig.SendAsync(
                    client, "", victim,
                    $"From: bot@site{random.Next(plan.Networks)}.example\nTo: {victim}\nSubject: Out of office: hello\nAuto-Submitted: "
                        + $"auto-replied\n\nI am away.\n"),
            AttackKind.SameMailing =>
                rig.SendAsync(
                    client, "", victim,
                    ServerMail.BounceOf($"{random.Next()}@forged.example").Replace("me@example.org", victim, StringComparison.Ordinal)),
            _ => rig.SendAsync(
                client, "", victim,
                ServerMail.BounceOf($"{random.Next()}@forged.example").Replace("me@example.org", victim, StringComparison.Ordinal)
                .Replace("Subject: hello", $"Subject: offer {random.Next()}", StringComparison.Ordinal)),
        };
    }

    private async Task<Fate> TryAsync(RuleRig rig, string owner, Genuine kind, int attack, Random random)
    {
        var message = Make(owner, kind, attack).Replace("me@example.org", owner, StringComparison.Ordinal);

        // The sender is one host, a network, or a large one whose tries come from different places.
        var pool = random.Next(1, 5);
        Fate fate = default;
        for (var tries = 0; tries < _retryMinutes.Length; tries++)
        {
            fate = await rig.SendAsync(
                string.Create(CultureInfo.InvariantCulture, $"203.{random.Next(pool)}.{random.Next(256)}.{random.Next(1, 255)}"), "",
                owner, message) with
            { Tries = tries + 1 };
            if (fate is not { Action: VerdictAction.Refuse, Folder: "later" })
            {
                break;
            }

            _time.Advance(TimeSpan.FromMinutes(_retryMinutes[tries]));
            rig.Storms.Tick();
        }

        return fate;
    }

    private static string Make(string owner, Genuine kind, int attack) => kind switch
    {
        Genuine.Proved => ServerMail.BounceOf($"sent1.{owner}"),
        Genuine.ByRecipient =>
            ServerMail.BounceOf("x@phone.example").Replace("sam@example.com", "friend1@friend.example", StringComparison.Ordinal),
        Genuine.FromPhone => ServerMail.BounceOf($"{attack}.{kind}@phone.example"),
        Genuine.SameSubject =>
            ServerMail.BounceOf($"{attack}@example.org").Replace("no such user", "mailbox full", StringComparison.Ordinal),
        Genuine.TextOnly =>
            "From: postmaster@good.example\nTo: me@example.org\nSubject: failure notice\n\nHi. This is the qmail-send program at "
                + "good.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
            + $"<stranger{attack}@good.example>:\n192.0.2.1 does not like recipient.\n",
        _ => "From: MAILER-DAEMON@good.example\nTo: me@example.org\nSubject: Warning: could not send message for past 4 hours\n\n"
            + $"The original message was received from me@example.org\n   ----- Transcript of session follows -----\n451 "
            + $"<stranger{attack}@good.example>: deferred\nWarning: message still undelivered after 4 hours\nWill keep trying until "
            + $"message is 5 days old\n",
    };

    private enum Genuine
    {
        Proved,
        ByRecipient,
        FromPhone,
        SameSubject,
        TextOnly,
        Delay,
    }

    private enum AttackKind
    {
        Bounces,
        SameMailing,
        ForgedTags,
        Mixed,
        AutoReplies,
    }

    private sealed record Plan(AttackKind Kind, int Messages, int Networks, TimeSpan Every)
    {
        public static Plan Draw(Random random) => new(
            (AttackKind)random.Next(5),
            random.Next(12, 90),
            random.Next(4) == 0 ? random.Next(1, 5) : random.Next(5, 60),
            TimeSpan.FromSeconds(Math.Pow(10, random.NextDouble() * 2) * 0.3));
    }
}
