using System.Globalization;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>
/// E-mail bombs, raised cheaply by one client that invents domains, or truly from everywhere: what a bomb is meant to bury stays in
/// the inbox.
/// </summary>
public sealed class BombAttackTests
{
    private const int Attacks = 250;

    // As shops, banks and providers write; X stands for the sender's name. Mail programs and lists have their own rows below.
    private static readonly string[] _notices =
    [
        "Your X password was changed", "Security alert: new sign-in on Linux", "New device signed in to X",
        "We noticed a new login to your X account", "Unusual activity on your card ending 4411",
        "Reset your password", "Your X order #4471-22 has shipped", "Receipt from X", "Payment received - thank you",
        "Your invoice from X is available", "Booking confirmation 7HJ2KQ", "You sent a payment of $310.00 to X",
        "Refund issued for order 99120", "A direct debit of 41.20 will be taken on Friday", "Your statement is ready",
        "Your appointment on 3 December", "Your parcel arrives today", "Your subscription has been cancelled",
        "Neue Anmeldung bei Ihrem X-Konto", "Ihr Passwort wurde geändert", "Ihre Bestellung 8812 wurde versandt",
        "Zahlungsbestätigung X", "Ihre Rechnung vom 28.11.2026", "Ihre Kontoauszüge liegen bereit",
        "Nouvelle connexion à votre compte X", "Confirmation de commande n° 5512", "Votre colis arrive demain",
        "Nuevo inicio de sesión en X", "Tu pedido ha salido", "Il tuo ordine è stato spedito", "Avviso di sicurezza",
        "Je bestelling is onderweg", "Nowe logowanie do X", "Twoje zamówienie zostało wysłane",
        "Новый вход в аккаунт X", "Ваш заказ отправлен", "ご注文の発送", "您的订单已发货",
    ];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 6, 0, 0, TimeSpan.Zero));

    [Fact]
    [Trait("run", "full")]
    public Task What_a_bomb_is_to_bury_stays_in_the_inbox() => BuriesNothingAsync(seed: 1);

    [Fact]
    [Trait("run", "full")]
    public Task What_other_bombs_are_to_bury_stays_in_the_inbox() => BuriesNothingAsync(seed: 2);

    private async Task BuriesNothingAsync(int seed)
    {
        var random = new Random(seed);
        using var rig = new RuleRig(
            _time, Enumerable.Range(0, Attacks).Select(i => string.Create(CultureInfo.InvariantCulture, $"victim{i}@example.org")));
        var (wanted, raised, cheap, bombs, filed) = (0, 0, 0, 0, 0);
        var wrong = new List<string>();
        for (var attack = 0; attack < Attacks; attack++)
        {
            var victim = string.Create(CultureInfo.InvariantCulture, $"victim{attack}@example.org");
            var isCheap = random.Next(3) == 0;
            var networks = isCheap ? random.Next(1, 4) : random.Next(20, 120);
            var every = TimeSpan.FromSeconds(random.Next(1, 25));
            var count = random.Next(60, 140);
            for (var i = 0; i < count; i++)
            {
                var isOn = rig.Storms.Watch.IsStorm(victim, StormKind.MailBomb);
                var (from, mail) = BombMail.Make(random, 2000, victim);
                var fate = await rig.SendAsync(
                    string.Create(CultureInfo.InvariantCulture, $"198.51.{random.Next(networks)}.{random.Next(1, 255)}"), from, victim,
                    mail);
                bombs += isOn ? 1 : 0;
                filed += isOn && fate.Action == VerdictAction.File ? 1 : 0;
                _time.Advance(every);
                if (i % 10 == 9)
                {
                    rig.Storms.Tick();
                    var (what, sender, message) = Wanted(random, victim);
                    var got = await rig.SendAsync($"203.0.{random.Next(113)}.7", sender, victim, message);
                    wanted++;
                    if (got.Action != VerdictAction.Deliver)
                    {
                        wrong.Add($"attack {attack}, {networks} networks: {what}: {got}");
                    }
                }
            }

            raised += !isCheap && rig.Storms.Watch.IsStorm(victim, StormKind.MailBomb) ? 1 : 0;
            cheap += isCheap && rig.Storms.Watch.IsStorm(victim, StormKind.MailBomb) ? 1 : 0;
        }

        Assert.True(
            wrong.Count * 1000 <= wanted,
            $"{wrong.Count} of {wanted} wanted, seed "
                + $"{seed}:\n{string.Join('\n', wrong.GroupBy(w => w.Split(": ")[1]).Select(g => $"{g.Count()} {g.First()}").Take(20))}");
        Assert.Equal(0, cheap);
        Assert.InRange(raised, Attacks / 3, Attacks);
        Assert.True(filed >= 0.97 * bombs, $"{filed} of {bombs} filed, seed {seed}");
    }

    private static (string What, string From, string Message) Wanted(Random random, string victim)
    {
        var n = random.Next(100_000);
        var to = $"To: {victim}\nDate: Wed, 25 Nov 2026 06:00:00 +0000\nMessage-ID: <{n}.{random.Next()}@sender.example>\n";
        return random.Next(6) switch
        {
            0 => (
                "person", $"p{n}@private.example",
                $"From: Jane Doe <p{n}@private{n}.example>\n{to}Subject: Question about your talk\nUser-Agent: Mozilla "
                    + $"Thunderbird\n\nHello, I read https://example.org/talk and wondered.\n"),
            1 => (
                "person on a phone", $"q{n}@private.example",
                $"From: q{n}@private{n}.example\n{to}Subject: tomorrow\n\nCan we move it to five?\n"),
            2 => (
                "small business", $"info@handwerk{n}.example",
                $"From: Firma <info@handwerk{n}.example>\n{to}Subject: Ihr Angebot / your quote\n\nAttached, as we said on the phone.\n"),
            3 => (
                "code", $"noreply@login{n}.example",
                random.Next(30) > 0 ? Notice("Receipt from X") : $"From: noreply@login{n}.example\n{to}Subject: Your verification code "
                    + $"is {100_000 + n}\n\nYour code: {100_000 + n}\n"),
            _ => Of(_notices[random.Next(_notices.Length)]),
        };

        (string What, string From, string Message) Of(string subject) =>
            ("notice \"" + subject + "\"", $"bounces@shop{n}.example", Notice(subject));

        string Notice(string subject) =>
            $"From: X <{(random.Next(2) == 0 ? "no-reply" : "service")}@shop{n}.example>\n{to}Subject: "
                + $"=?utf-8?B?{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(subject))}?=\n"
            + (
            random.Next(3) switch
            {
                0 => "X-SG-EID: abc\n",
                1 => "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n",
                _ => "Feedback-ID: 1:2:3:x\n"
            })
            + (random.Next(3) == 0 ? $"List-Unsubscribe: <https://shop{n}.example/u>\n" : "")
            + $"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nDetails: https://shop{n}.example/account\nIf you did not "
            + $"do this, write to us.\n";
    }
}
