using Backstop.Judging.Storms;

namespace Backstop.Server.Web.Pages;

/// <summary>The pages for overrides, login and notices.</summary>
internal static class ActionPages
{
    public static Markup Actions(Frame frame, OverrideSet set) => frame.Page("Actions", "/actions", new Markup()
        .Add(
        $"<section><h2>Strict mode for an address</h2><p>Refuses at RCPT every bounce to it that no tag in its address proves. Genuine "
        + $"bounces are refused too if your mail is sent without tags; mail with a sender is not affected.</p><form "
            + $"class=\"row\" method=\"post\" action=\"/actions/strict\">{frame.Token}<div><label "
            + $"for=\"address\">Address</label><input id=\"address\" name=\"address\" type=\"email\" "
            + $"required></div>{Hours("strict-hours")}<button>Set</button></form>"
            + $"{List(frame, set.Strict, "/actions/strict", "address")}</section>")
        .Add(
        $"<section><h2>Block a source</h2><p>Refuses the bounces of a host or network, not its mail: backscatter comes from other "
            + $"people's mail servers.</p><form class=\"row\" method=\"post\" action=\"/actions/block\">{frame.Token}<div><label "
            + $"for=\"source\">Address or network, such as 192.0.2.0/24</label><input id=\"source\" name=\"source\" "
            + $"required></div>{Hours("block-hours")}<button>Block</button></form>"
            + $"{List(frame, set.Blocked, "/actions/block", "source")}</section>")
        .Add(
        frame.HasLogin ? new Markup().Add(
            $"<section><h2>Logins</h2><p>Ends every login to this dashboard, yours too: use it if a browser was left open or a cookie "
                + $"was copied.</p><form class=\"row\" method=\"post\" action=\"/logout\">{frame.Token}<input type=\"hidden\" "
                + $"name=\"everywhere\" value=\"1\"><button class=\"quiet\">End all logins</button></form></section>") : new Markup()));

    public static Markup Login(Frame frame, string message, string next)
    {
        var note = message.Length == 0 ? new Markup() : new Markup().Add($"<p class=\"note bad\" role=\"alert\">{message}</p>");
        return frame.Page(
            "Log in", "/login",
            new Markup().Add(
                $"{note}<section><form class=\"row\" method=\"post\" action=\"/login\">{frame.Token}<input type=\"hidden\" "
                    + $"name=\"next\" value=\"{next}\"><div><label for=\"password\">Password</label><input id=\"password\" "
                    + $"name=\"password\" type=\"password\" autocomplete=\"current-password\" required autofocus></div><button>Log "
                    + $"in</button></form></section>"));
    }

    /// <summary>A page with one sentence.</summary>
    public static Markup Note(Frame frame, string title, string text, bool isBad) =>
        frame.Page(
            title, "",
            new Markup().Add(
                $"<p class=\"note {(isBad ? "bad" : "")}\" role=\"status\">{text}</p><p><a href=\"/messages\">Messages</a></p>"));

    private static Markup Hours(string id) => new Markup()
        .Add(
        $"<div><label for=\"{id}\">For</label><select id=\"{id}\" name=\"hours\"><option value=\"1\">1 hour</option><option "
            + $"value=\"6\">6 hours</option><option value=\"24\" selected>1 day</option><option value=\"168\">1 "
            + $"week</option></select></div>");

    private static Markup List(Frame frame, IReadOnlyList<Override> set, string action, string field) => set.Count == 0
        ? new Markup().Add($"<p class=\"soft\">None.</p>")
        : new Markup().Add(
        $"<table><thead><tr><th scope=\"col\">What</th><th scope=\"col\">Until (UTC)</th><th scope=\"col\">End</th></tr></thead><tbody>")
            .Each(
            set,
            (m, o) => m.Add(
                $"<tr><td class=\"text\">{o.Subject}</td><td class=\"when\">{o.Until.UtcDateTime:yyyy-MM-dd HH:mm}</td><td><form "
                    + $"method=\"post\" action=\"{action}\">{frame.Token}<input type=\"hidden\" name=\"{field}\" "
                    + $"value=\"{o.Subject}\"><input type=\"hidden\" name=\"hours\" value=\"0\"><button class=\"quiet\" "
                    + $"aria-label=\"End now for {o.Subject}\">End now</button></form></td></tr>"))
            .Add($"</tbody></table>");
}
