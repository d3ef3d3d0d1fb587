using System.Net;

namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>Puts a text into one of the shapes in which mail comes.</summary>
internal static class BodyShape
{
    private const string Pdf = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSPj4Kc3RyZWFtCg==\n";
    private const string Signature = "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0BBwEAAA==\n";

    /// <summary>The Content fields, an empty line and the body, one char an octet.</summary>
    public static string Write(string shape, string text, WireText wire, Slots slots) => shape switch
    {
        "plain" => Part("text/plain", text, wire),
        "flowed" => Part("text/plain", text, wire, "; format=flowed"),
        "html" => Part("text/html", Html(text), wire),
        "alternative" => Multipart("alternative", slots, Part("text/plain", text, wire), Part("text/html", Html(text), wire)),
        "pdf" => Multipart(
            "mixed", slots, Part("text/plain", text, wire),
            $"Content-Type: application/pdf; name=\"{slots.Fill("{n}")}.pdf\"\nContent-Transfer-Encoding: base64\n\n{Pdf}"),
        "related" =>
            Multipart(
                "related", slots, Part("text/html", Html(text), wire),
                "Content-Type: image/png; name=\"logo.png\"\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n"),
        "smime" => Multipart(
            "signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256", slots, Part("text/plain", text, wire),
            $"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\nContent-Transfer-Encoding: base64\n\n{Signature}"),
        "pgp" => Multipart(
            "signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha512", slots, Part("text/plain", text, wire),
            "Content-Type: application/pgp-signature; name=\"signature.asc\"\n\n-----BEGIN PGP "
                + "SIGNATURE-----\n\niQEzBAEBCgAdFiEE\n-----END PGP SIGNATURE-----\n"),
        "reply" => Multipart(
            "alternative", slots, Part("text/plain", text, wire),
            slots.Fill("Content-Type: text/calendar; charset=utf-8; method=REPLY\n\n" + Calendar)),
        _ => throw new FormatException($"unknown shape '{shape}' in habits.txt"),
    };

    private const string Calendar =
        "BEGIN:VCALENDAR\nMETHOD:REPLY\nVERSION:2.0\nBEGIN:VEVENT\nUID:{hex:uid}\nATTENDEE;PARTSTAT=DECLINED:mailto:{user}@{dom}\n"
            + "DTSTART:20261130T090000Z\nEND:VEVENT\nEND:VCALENDAR\n";

    private static string Part(string type, string text, WireText wire, string parameter = "") =>
        $"Content-Type: {type}; charset={wire.Charset}{parameter}\nContent-Transfer-Encoding: {wire.Transfer}\n\n{wire.Body(text)}";

    private static string Multipart(string type, Slots slots, params string[] parts)
    {
        var boundary = slots.Fill("=_{hex:boundary}");
        return $"Content-Type: multipart/{type};\n "
            + $"boundary=\"{boundary}\"\n\n{string.Concat(parts.Select(p => $"--{boundary}\n{p}\n"))}--{boundary}--\n";
    }

    private static string Html(string text) =>
        $"<html><head><style>p {{ margin: 0 "
            + $"}}</style></head><body>\n"
            + $"{string.Join('\n', text.Split('\n').Select(l => $"<p>{(l.Length == 0 ? "&nbsp;" : Escape(l))}</p>"))}\n</body></html>\n";

    private static string Escape(string line) => WebUtility.HtmlEncode(line).Replace("&#39;", "'", StringComparison.Ordinal);
}
