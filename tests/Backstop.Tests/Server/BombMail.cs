using System.Globalization;
using System.Text;

namespace Backstop.Tests.Server;

/// <summary>
/// Mails of a subscription bomb: what sites send to an address that a robot has typed into their forms. Each site writes in its own
/// way.
/// </summary>
internal static class BombMail
{
    private static readonly string[] _senders = [
        "noreply", "no-reply", "newsletter", "info", "hello", "wordpress", "support", "team", "shop", "kontakt", "contact", "redaktion",
        "admin", "mailer", "studio", "events"];

    // Subject, text; a third of them has no field that a list has.
    private static readonly (string Subject, string Text)[] _texts =
    [
        ("Please confirm your subscription", "Thank you for your interest.\nConfirm here: https://{d}/confirm/{n}\n"),
        ("Confirm your e-mail address", "Click the link to confirm your address:\nhttps://{d}/c?id={n}\nIf you did not sign up, ignore "
            + "this message.\n"),
        ("Welcome to {d}!", "Your account is ready. https://{d}/login\n"),
        ("[{d}] Your username and password info", "Username: me\nTo set your password, visit: "
            + "https://{d}/wp-login.php?action=rp&key={n}\n"),
        ("Activate your account", "Activate your account by following https://{d}/activate/{n}\n"),
        ("Bitte bestätigen Sie Ihre Anmeldung zum Newsletter", "Klicken Sie bitte auf diesen Link: https://{d}/doi/{n}\n"),
        ("Willkommen bei {d}", "Ihr Kundenkonto wurde angelegt: https://{d}/konto\n"),
        ("Confirmez votre inscription", "Cliquez sur le lien : https://{d}/inscription/{n}\n"),
        ("Bienvenue sur {d}", "Votre compte a été créé. https://{d}/compte\nPour vous désabonner, cliquez ici.\n"),
        ("Confirma tu suscripción", "Haz clic en el enlace: https://{d}/alta/{n}\n"),
        ("Conferma la tua iscrizione", "Clicca qui: https://{d}/conferma/{n}\n"),
        ("Bevestig je aanmelding", "Klik op de link: https://{d}/bevestig/{n}\n"),
        ("Potwierdź rejestrację", "Kliknij: https://{d}/potwierdz/{n}\n"),
        ("Подтвердите регистрацию на {d}", "Перейдите по ссылке https://{d}/reg/{n}\n"),
        ("ご登録の確認", "以下のURLをクリックしてください https://{d}/{n}\n"),
        ("Thanks for signing up", "You are receiving this because you joined our list. https://{d}/prefs\n"),
        ("Your weekly digest", "This week at {d}: https://{d}/w/{n}\nunsubscribe: https://{d}/u/{n}\n"),
        ("Forum registration", "Hello me, before you can post you must verify your address: https://{d}/forum/verify?u={n}\n"),
        ("We received your request ({n})", "A ticket was opened: https://{d}/tickets/{n}\n"),
        ("One more step", "To join our mailing list, click here https://{d}/join/{n}\n"),
    ];

    /// <summary>One mail of one of so many sites.</summary>
    public static (string From, string Message) Make(Random random, int sites, string to)
    {
        var site = random.Next(sites);
        var ofSite = new Random(site);
        var domain = string.Create(CultureInfo.InvariantCulture, $"site{site}.example");
        var (subject, text) = _texts[ofSite.Next(_texts.Length)];
        var from = $"{_senders[ofSite.Next(_senders.Length)]}@{domain}";
        var isList = ofSite.Next(3) > 0;
        var asHtml = ofSite.Next(2) == 0;
        var asBase64 = ofSite.Next(4) == 0;
        text = Fill(text);
        var body = asHtml ? $"<html><body><p>{text.Replace("\n", "<br>\n", StringComparison.Ordinal)}</p></body></html>\n" : text;
        var message = new StringBuilder()
            .Append(
            CultureInfo.InvariantCulture,
            $"From: {domain} <{from}>\nTo: {to}\nSubject: =?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(Fill(subject)))}?=\n")
            .Append(
            CultureInfo.InvariantCulture,
            $"Message-ID: <{random.Next()}.{site}@{domain}>\nMIME-Version: 1.0\nContent-Type: text/{(asHtml ? "html" : "plain")}; "
                + $"charset=utf-8\n")
            .Append(asBase64 ? "Content-Transfer-Encoding: base64\n" : "Content-Transfer-Encoding: 8bit\n")
            .Append(isList ? $"List-Unsubscribe: <https://{domain}/u>\n" : "").Append('\n')
            .Append(
            asBase64 ? Convert.ToBase64String(
                Encoding.UTF8.GetBytes(body), Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n") + "\n" : body);
        return ($"bounce-{random.Next()}@{domain}", message.ToString());

        string Fill(string words) =>
            words.Replace("{d}", domain, StringComparison.Ordinal)
                .Replace("{n}", random.Next(1000, 999_999).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }
}
